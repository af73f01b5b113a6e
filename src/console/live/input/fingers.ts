import type { Point } from '../fit.ts';
import type { Zoom } from '../zoom.ts';
import { OncePerFrame } from './target.ts';
import type { PageTouch } from './touch.ts';

const DOUBLE_TAP_MS = 300;
const DOUBLE_TAP_PX = 30;
const TAP_PX = 10;

export interface FingerTakers {
  zoom: Zoom;
  /** Takes what fingers do on the picture; undefined: this person only watches. */
  page: PageTouch | undefined;
}

/**
 * Gives fingers to the page, or moves the view by them. Where the page is too small to be read, two
 * fingers are the view's until all are up: a page's own gestures with several fingers are lost there.
 */
export function listenToFingers(
  place: HTMLElement,
  { zoom, page }: FingerTakers,
  signal: AbortSignal,
): void {
  const fingers = new Map<number, Point>();
  const view = new ViewGesture(zoom, fingers);
  let isView = false;
  const on = (
    name: 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel',
    act: (event: PointerEvent, at: Point) => void,
  ) => {
    const listener = (event: PointerEvent) => {
      if (event.pointerType !== 'touch') return;
      event.preventDefault();
      const { left, top } = place.getBoundingClientRect();
      act(event, { x: event.clientX - left, y: event.clientY - top });
    };
    place.addEventListener(name, listener, { signal });
  };

  on('pointerdown', (event, at) => {
    if (fingers.size === 0) isView = !page;
    place.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at);
    zoom.touched = at;
    if (!isView && fingers.size > 1 && (zoom.isNeeded.peek() || zoom.isZoomed.peek())) {
      isView = true;
      page?.cancel();
    }
    if (isView) view.down(at);
    else if (event.target instanceof HTMLCanvasElement) page?.down(event);
  });
  on('pointermove', (event, at) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, at);
    if (isView) view.move();
    else page?.move(event);
  });
  on('pointerup', (event, at) => {
    if (isView) view.up(at, !page);
    fingers.delete(event.pointerId);
    if (isView) view.restart();
    else page?.up(event);
  });
  on('pointercancel', (event) => {
    fingers.delete(event.pointerId);
    if (isView) view.restart();
    else page?.cancel();
  });
}

/** Moves and resizes the picture with one finger or two. */
class ViewGesture {
  readonly #zoom: Zoom;
  readonly #fingers: ReadonlyMap<number, Point>;
  readonly #moves = new OncePerFrame(() => this.#pinch());
  #before = { middle: { x: 0, y: 0 }, spread: 0 };
  #from: Point | undefined;
  #lastTap: { at: Point; ms: number } | undefined;

  constructor(zoom: Zoom, fingers: ReadonlyMap<number, Point>) {
    this.#zoom = zoom;
    this.#fingers = fingers;
  }

  down(at: Point): void {
    this.#from = this.#fingers.size === 1 ? at : undefined;
    this.restart();
  }

  move(): void {
    this.#moves.request();
  }

  /** Whoever only watches zooms with two taps, too. */
  up(at: Point, isWatching: boolean): void {
    this.#moves.flush();
    const isTap = this.#from !== undefined && distance(this.#from, at) < TAP_PX;
    if (!isTap || !isWatching) return;
    const [before, ms] = [this.#lastTap, performance.now()];
    const isSecond =
      before && ms - before.ms < DOUBLE_TAP_MS && distance(before.at, at) < DOUBLE_TAP_PX;
    this.#lastTap = isSecond ? undefined : { at, ms };
    if (isSecond) this.#zoom.toggle(at);
  }

  /** Other fingers are down than before. */
  restart(): void {
    this.#before = this.#now();
  }

  #pinch(): void {
    const { middle, spread } = this.#now();
    const before = this.#before;
    this.#before = { middle, spread };
    const ratio = spread > 0 && before.spread > 0 ? spread / before.spread : 1;
    this.#zoom.pinch({ from: before.middle, to: middle, ratio });
  }

  #now(): { middle: Point; spread: number } {
    const [one, two] = this.#fingers.values();
    if (!one) return this.#before;
    if (!two) return { middle: one, spread: 0 };
    const middle = { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 };
    return { middle, spread: distance(one, two) };
  }
}

function distance(one: Point, two: Point): number {
  return Math.hypot(one.x - two.x, one.y - two.y);
}
