import type { ViewerMessage } from '../contract.ts';
import { modifiersOf, type ModifierState } from './modifiers.ts';
import { OncePerFrame, type InputTarget, type Point } from './target.ts';

const FINGERS_MAX = 10;

type TouchType = Extract<ViewerMessage, { t: 'touch' }>['type'];

/** Sends what fingers do on the picture. */
export function listenToTouch({ canvas, send, at, focus }: InputTarget, signal: AbortSignal): void {
  /** By the browser's id of the pointer, which may be any number; ours are small and used again. */
  const fingers = new Map<number, Point & { id: number }>();
  let modifiers: ModifierState | undefined;

  const tell = (type: TouchType) => {
    const held = modifiers ? modifiersOf(modifiers) : 0;
    send({ t: 'touch', type, points: [...fingers.values()], modifiers: held });
  };
  const moves = new OncePerFrame(() => tell('move'));
  const on = (
    name: 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel',
    act: (event: PointerEvent) => void,
  ) => {
    const listener = (event: PointerEvent) => {
      if (event.pointerType !== 'touch') return;
      event.preventDefault();
      modifiers = event;
      act(event);
    };
    canvas.addEventListener(name, listener, { signal });
  };

  on('pointerdown', (event) => {
    const used = new Set([...fingers.values()].map(({ id }) => id));
    const id = Array.from({ length: FINGERS_MAX }, (_, i) => i).find((i) => !used.has(i));
    if (id === undefined) return;
    moves.flush();
    canvas.setPointerCapture(event.pointerId);
    focus({ clientX: event.clientX, clientY: event.clientY, isTouch: true });
    fingers.set(event.pointerId, { id, ...at(event) });
    tell('start');
  });
  on('pointermove', (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    fingers.set(event.pointerId, { id: finger.id, ...at(event) });
    moves.request();
  });
  on('pointerup', (event) => {
    moves.flush();
    if (fingers.delete(event.pointerId)) tell('end');
  });
  on('pointercancel', () => {
    if (fingers.size === 0) return;
    fingers.clear();
    tell('cancel');
  });
}
