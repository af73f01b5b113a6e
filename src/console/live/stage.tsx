import { useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Frame } from './frame.tsx';
import { listenToMouse } from './input/mouse.ts';
import type { InputTarget } from './input/target.ts';
import { listenToTouch } from './input/touch.ts';
import { KeyField } from './key-field.tsx';
import { FileChooser } from './overlays/file-chooser.tsx';
import { PageDialog } from './overlays/page-dialog.tsx';
import { Picker } from './overlays/picker.tsx';
import { SelectList } from './overlays/select-list.tsx';
import { Curtain } from './overlays/curtain.tsx';
import type { Session } from './session.ts';

/** The picture, and what lies over it. */
export function Stage({ session, children }: { session: Session; children: ComponentChildren }) {
  const stage = useRef<HTMLElement>(null);
  useEffect(() => (stage.current ? session.screen.measure(stage.current) : undefined), [session]);
  const { current } = session.tabs.value;
  const isPanel = session.hasControls.value && current !== null;
  const dialog = session.dialogs.value.at(-1);
  const { popup, picker, chooser } = session;
  return (
    <main class="stage" ref={stage} data-state={session.state.value.name}>
      <div
        id="page"
        class="page"
        role={isPanel ? 'tabpanel' : undefined}
        aria-labelledby={isPanel ? `tab-${current}` : undefined}
      >
        <Canvas session={session} />
        {session.view.value?.isInteractive && <KeyField session={session} />}
      </div>
      <Frame session={session} />
      <Curtain session={session} />
      {popup.value && <SelectList key={popup.value.popup} popup={popup.value} session={session} />}
      {picker.value && <Picker key={picker.value.picker} picker={picker.value} session={session} />}
      {dialog && <PageDialog key={dialog.dialog} dialog={dialog} session={session} />}
      {chooser.value && session.canInteract.value && (
        <FileChooser key={chooser.value.chooser} chooser={chooser.value} session={session} />
      )}
      {children}
    </main>
  );
}

function Canvas({ session }: { session: Session }) {
  const place = useRef<HTMLCanvasElement>(null);
  const isInteractive = session.view.value?.isInteractive === true;
  useEffect(() => {
    session.picture.drawOn(place.current);
    return () => session.picture.drawOn(null);
  }, [session]);
  useEffect(() => {
    if (!place.current || !isInteractive) return undefined;
    return listen(session, place.current);
  }, [session, isInteractive]);
  useSignalEffect(() => {
    const { left, top, width, height } = session.screen.box.value;
    if (!place.current) return;
    const px = (length: number) => `${length}px`;
    Object.assign(place.current.style, {
      left: px(left),
      top: px(top),
      width: px(width),
      height: px(height),
      cursor: session.canInteract.value ? session.cursor.value : 'default',
    });
  });
  return (
    <canvas
      ref={place}
      role="img"
      aria-label={`Picture of ${session.shownTab.value?.title || 'the page'}`}
    />
  );
}

function listen(session: Session, canvas: HTMLCanvasElement): () => void {
  const listening = new AbortController();
  const target: InputTarget = {
    session,
    canvas,
    send: (message) => session.send(message),
    at: ({ clientX, clientY }) => {
      const { left, top } = canvas.getBoundingClientRect();
      const { scale } = session.screen.box.peek();
      return { x: Math.round((clientX - left) / scale), y: Math.round((clientY - top) / scale) };
    },
    focus: ({ clientX, clientY, isTouch }) => {
      session.popup.value = undefined;
      session.picker.value = undefined;
      const field = document.getElementById('keys');
      const stage = canvas.parentElement?.getBoundingClientRect();
      if (!field || !stage) return;
      // Input methods open their windows beside the field, so that is where the caret should be.
      field.style.left = `${clientX - stage.left}px`;
      field.style.top = `${clientY - stage.top}px`;
      if (isTouch && field !== document.activeElement) field.inputMode = 'none';
      field.focus({ preventScroll: true });
    },
  };
  listenToMouse(target, listening.signal);
  listenToTouch(target, listening.signal);
  return () => listening.abort();
}
