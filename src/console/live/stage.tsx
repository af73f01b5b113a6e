import { useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Frame } from './frame.tsx';
import { listenToFingers } from './input/fingers.ts';
import { listenToMouse } from './input/mouse.ts';
import type { InputTarget } from './input/target.ts';
import { PageTouch } from './input/touch.ts';
import { KeyField } from './key-field.tsx';
import { FileChooser } from './overlays/file-chooser.tsx';
import { PageDialog } from './overlays/page-dialog.tsx';
import { Picker } from './overlays/picker.tsx';
import { SelectList } from './overlays/select-list.tsx';
import { Curtain } from './overlays/curtain.tsx';
import type { Session } from './session.ts';
import { TypeButton } from './type-button.tsx';

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
      <TypeButton session={session} />
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
    const listening = new AbortController();
    if (place.current) listen(session, place.current, { isInteractive, signal: listening.signal });
    return () => listening.abort();
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

function listen(
  session: Session,
  canvas: HTMLCanvasElement,
  { isInteractive, signal }: { isInteractive: boolean; signal: AbortSignal },
): void {
  const page = canvas.parentElement;
  if (!page) return;
  const target: InputTarget = {
    session,
    canvas,
    send: (message) => session.send(message),
    at: ({ clientX, clientY }) => {
      const stage = page.getBoundingClientRect();
      const { left, top, scale } = session.screen.box.peek();
      const along = (length: number) => Math.round(length / scale);
      return { x: along(clientX - stage.left - left), y: along(clientY - stage.top - top) };
    },
    focus: ({ clientX, clientY, isTouch }) => {
      session.popup.value = undefined;
      session.picker.value = undefined;
      const field = document.getElementById('keys');
      const stage = page.getBoundingClientRect();
      if (!field) return;
      // Input methods open their windows beside the field, so that is where the caret should be.
      field.style.left = `${clientX - stage.left}px`;
      field.style.top = `${clientY - stage.top}px`;
      if (isTouch && field !== document.activeElement) field.inputMode = 'none';
      field.focus({ preventScroll: true });
    },
  };
  if (isInteractive) listenToMouse(target, signal);
  const touch = isInteractive ? new PageTouch(target) : undefined;
  listenToFingers(page, { zoom: session.screen.zoom, page: touch }, signal);
}
