import { modifiersOf } from './modifiers.ts';
import { OncePerFrame, type InputTarget } from './target.ts';

const LINE_PX = 16;

/** Sends how far the wheel was turned over the picture, once a frame. */
export function listenToWheel(
  { canvas, send, at }: InputTarget,
  signal: AbortSignal,
): OncePerFrame {
  let turned: { deltaX: number; deltaY: number; event: WheelEvent } | undefined;
  const turns = new OncePerFrame(() => {
    if (!turned) return;
    const { deltaX, deltaY, event } = turned;
    turned = undefined;
    send({ t: 'wheel', ...at(event), deltaX, deltaY, modifiers: modifiersOf(event) });
  });
  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const unit = { 0: 1, 1: LINE_PX, 2: canvas.clientHeight }[event.deltaMode] ?? 1;
    turned = {
      deltaX: (turned?.deltaX ?? 0) + event.deltaX * unit,
      deltaY: (turned?.deltaY ?? 0) + event.deltaY * unit,
      event,
    };
    turns.request();
  };
  canvas.addEventListener('wheel', onWheel, { signal, passive: false });
  return turns;
}
