import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Told } from '../contract.ts';
import type { Session } from '../session.ts';
import { focusPage } from './place.ts';

/** Only a click opens the dialog of this machine's browser, so that this one asks for it. */
export function FileChooser({ chooser, session }: { chooser: Told<'chooser'>; session: Session }) {
  const place = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const isOver = useSignal(false);
  const { isMultiple } = chooser;
  useLayoutEffect(() => {
    const shown = place.current;
    shown?.querySelector<HTMLElement>('.primary')?.focus();
    return () => {
      if (shown?.contains(document.activeElement)) focusPage();
    };
  }, []);
  const send = async (files: File[]) => {
    await session.upload.send(chooser.chooser, files);
    if (session.chooser.value?.chooser === chooser.chooser) session.chooser.value = undefined;
  };
  const progress = session.upload.progress.value;
  return (
    <div class="veil">
      <dialog
        open
        class="card"
        ref={place}
        aria-labelledby="chooser-title"
        data-over={isOver.value}
        onKeyDown={(event) => {
          if (event.key === 'Escape') void send([]);
        }}
        onDragOver={(event) => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => {
          isOver.value = false;
        }}
        onDrop={(event) => {
          event.preventDefault();
          isOver.value = false;
          const files = [...(event.dataTransfer?.files ?? [])];
          if (files.length > 0) void send(isMultiple ? files : files.slice(0, 1));
        }}
      >
        <h2 id="chooser-title">The page asks for {isMultiple ? 'files' : 'a file'}</h2>
        <p class="dim">
          Choose {isMultiple ? 'them' : 'it'} on this machine, or drop {isMultiple ? 'them' : 'it'}{' '}
          here.
        </p>
        <input
          ref={field}
          type="file"
          hidden
          multiple={isMultiple}
          aria-label="Files"
          onChange={({ currentTarget }) => void send([...(currentTarget.files ?? [])])}
        />
        {progress ? (
          <progress aria-label="Sending" max={progress.sizeBytes || 1} value={progress.sentBytes} />
        ) : (
          <div class="actions">
            <button class="framed" type="button" onClick={() => void send([])}>
              Cancel
            </button>
            <button class="primary" type="button" onClick={() => field.current?.click()}>
              Choose…
            </button>
          </div>
        )}
      </dialog>
    </div>
  );
}
