import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Rectangle } from './contract.ts';
import type { Look, Point, Size } from './fit.ts';
import * as looks from './look.ts';

const GLIDE_MS = 220;

/** Which part of the page is seen, and how large: on a phone a page made for a desk is too small as a whole. */
export class Zoom {
  /** Undefined: all of the page. */
  readonly look = signal<Look | undefined>(undefined);
  readonly #shown: ReadonlySignal<looks.Shown>;
  readonly isZoomed: ReadonlySignal<boolean>;
  /** Whether the page is too small to be read when all of it is seen. */
  readonly isNeeded: ReadonlySignal<boolean>;
  /** Where on the stage a finger came down last. */
  touched: Point | undefined;
  #frame = 0;

  constructor(stage: ReadonlySignal<Size>, page: ReadonlySignal<Size>) {
    this.#shown = computed(() => ({
      stage: stage.value,
      page: page.value,
      look: this.look.value,
    }));
    this.isZoomed = computed(() => looks.isZoomed(this.#shown.value));
    this.isNeeded = computed(() => !looks.isReadable(this.#shown.value));
  }

  /** Fingers have moved on the stage, in its pixels. */
  pinch(pinch: looks.Pinch): void {
    cancelAnimationFrame(this.#frame);
    const shown = this.#shown.peek();
    const look = looks.pinch(shown, pinch);
    this.look.value = looks.isZoomed({ ...shown, look }) ? look : undefined;
  }

  /** Shows all of the page, or makes it readable around a point of the stage: the last touch, or where pages begin. */
  toggle(at: Point | undefined = this.touched): void {
    if (this.isZoomed.peek()) return this.#glide(undefined);
    if (!this.isNeeded.peek()) return;
    const shown = this.#shown.peek();
    this.#glide(looks.readableAt(shown, at ?? { x: shown.stage.width / 2, y: 0 }));
  }

  /** Makes a field of the page readable, unless everything is. */
  showField(field: Rectangle, tap: Point | undefined): void {
    if (!this.isNeeded.peek()) return;
    const look = looks.lookAtField(this.#shown.peek(), field, tap);
    if (look) this.#glide(look);
  }

  /** Shows all of the page at once: it is another one. */
  reset(): void {
    cancelAnimationFrame(this.#frame);
    this.look.value = undefined;
    this.touched = undefined;
  }

  #glide(to: Look | undefined): void {
    cancelAnimationFrame(this.#frame);
    const start = this.#shown.peek();
    const end = to ?? looks.whole(start);
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const began = performance.now();
    const step = () => {
      const passed = isStill ? 1 : Math.min(1, (performance.now() - began) / GLIDE_MS);
      this.look.value = passed === 1 ? to : looks.between(start, end, 1 - (1 - passed) ** 3);
      if (passed < 1) this.#frame = requestAnimationFrame(step);
    };
    step();
  }
}
