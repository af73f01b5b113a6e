import type { ViewerMessage } from '../contract.ts';
import type { Point } from '../fit.ts';
import type { Session } from '../session.ts';

/** Where input goes: a canvas that shows the page, and the session that carries the input there. */
export interface InputTarget {
  session: Session;
  canvas: HTMLCanvasElement;
  send: (message: ViewerMessage) => void;
  /** The place on the page, in its CSS pixels. */
  at: (event: { clientX: number; clientY: number }) => Point;
  /** Makes keys go to the page. */
  focus: (event: { clientX: number; clientY: number; isTouch: boolean }) => void;
}

/** Calls `act` once before the next frame, however often it was asked to. */
export class OncePerFrame {
  readonly #act: () => void;
  #frame: number | undefined;

  constructor(act: () => void) {
    this.#act = act;
  }

  request(): void {
    this.#frame ??= requestAnimationFrame(() => this.flush());
  }

  /** Acts now, if it was asked to. */
  flush(): void {
    if (this.#frame === undefined) return;
    cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#act();
  }
}
