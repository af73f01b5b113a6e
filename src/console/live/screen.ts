import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { fit, type Size } from './fit.ts';
import type { ViewerMessage } from './contract.ts';
import { Zoom } from './zoom.ts';

const SETTLED_MS = 100;
const WIDTH_MAX = 20_000;

interface Listener {
  isLive: ReadonlySignal<boolean>;
  send: (message: ViewerMessage) => void;
}

/** The place where the picture is drawn. */
export class Screen {
  /** Of the page, in its CSS pixels; 0 until there is a picture. */
  readonly page = signal<Size>({ width: 0, height: 0 });
  /** Of the room for the picture, in CSS pixels. */
  readonly stage = signal<Size>({ width: 0, height: 0 });
  readonly #pixelRatio = signal(devicePixelRatio);
  readonly zoom = new Zoom(this.stage, this.page);
  readonly box = computed(() =>
    fit(this.stage.value, this.page.value, this.#pixelRatio.value, this.zoom.look.value),
  );
  readonly #isHidden = signal(document.hidden);
  /** Physical pixels of the picture's width; 0 while nobody can see it, undefined until it is measured. */
  readonly #room = computed(() => {
    if (this.#isHidden.value) return 0;
    const width = Math.round(this.box.value.width * this.#pixelRatio.value);
    return width === 0 ? undefined : Math.min(width, WIDTH_MAX);
  });

  /** A picture shows a page of this size. */
  shows(page: Size): void {
    const before = this.page.peek();
    if (before.width === page.width && before.height === page.height) return;
    // A page of another width has another layout; one that is lower shows less of it.
    if (before.width !== page.width) this.zoom.reset();
    this.page.value = page;
  }

  /** Tells the service how much room there is, with each connection and each change. */
  announce({ isLive, send }: Listener): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let told: number | undefined;
    const tell = () => {
      told = this.#room.peek();
      if (told !== undefined) send({ t: 'room', width: told });
    };
    document.addEventListener('visibilitychange', () => {
      this.#isHidden.value = document.hidden;
    });
    effect(() => {
      if (!isLive.value) told = undefined;
    });
    effect(() => {
      const room = this.#room.value;
      clearTimeout(timer);
      if (!isLive.value || room === told || room === undefined) return;
      // A window that is being resized, or a picture, has a new width with every frame.
      if (told === undefined || told === 0 || room === 0) tell();
      else timer = setTimeout(tell, SETTLED_MS);
    });
  }

  /** Follows the size of the stage, until the result is called. */
  measure(stage: HTMLElement): () => void {
    const observer = new ResizeObserver(() => {
      this.#pixelRatio.value = devicePixelRatio;
      this.stage.value = { width: stage.clientWidth, height: stage.clientHeight };
    });
    observer.observe(stage);
    return () => observer.disconnect();
  }
}
