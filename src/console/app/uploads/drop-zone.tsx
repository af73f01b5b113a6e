import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { toast } from '../toasts.tsx';

interface DropZoneProps {
  /** What is wanted, such as `a zip or crx`. */
  wanted: string;
  hint: string;
  /** As the attribute of a file field. */
  accept?: string;
  isMultiple?: boolean;
  onFiles: (files: File[]) => void;
}

/** Takes files, which may be dropped anywhere on the page. */
export function DropZone({ wanted, hint, accept, isMultiple = false, onFiles }: DropZoneProps) {
  const field = useRef<HTMLInputElement>(null);
  const isOver = useDrops(onFiles);
  return (
    <div class="drop" data-over={isOver.value}>
      <input
        ref={field}
        type="file"
        hidden
        accept={accept}
        multiple={isMultiple}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file can be chosen again.
          currentTarget.value = '';
        }}
      />
      <p>
        Drop {wanted} here, or{' '}
        <button class="framed" type="button" onClick={() => field.current?.click()}>
          choose {isMultiple ? 'files' : 'a file'}
        </button>
      </p>
      <p class="dim">{hint}</p>
    </div>
  );
}

/** Whether files are being dragged over the page. */
function useDrops(onFiles: (files: File[]) => void) {
  const isOver = useSignal(false);
  const take = useRef(onFiles);
  take.current = onFiles;
  useEffect(() => {
    const leaving = new AbortController();
    const listen = (type: 'dragover' | 'dragleave' | 'drop', act: (event: DragEvent) => void) =>
      addEventListener(type, act, { signal: leaving.signal });
    listen('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      // Otherwise the browser would leave the page, and show the file.
      event.preventDefault();
      isOver.value = document.querySelector('dialog[open]') === null;
    });
    listen('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) isOver.value = false;
    });
    listen('drop', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      if (isOver.value) take.current(filesIn(event.dataTransfer));
      isOver.value = false;
    });
    return () => leaving.abort();
  }, []);
  return isOver;
}

function filesIn({ items }: DataTransfer): File[] {
  return [...items].flatMap((item) => {
    const entry = item.webkitGetAsEntry();
    if (entry?.isDirectory) {
      toast(`${entry.name} is a folder. Drop the files in it, or a zip of it.`, { isBad: true });
      return [];
    }
    return item.getAsFile() ?? [];
  });
}
