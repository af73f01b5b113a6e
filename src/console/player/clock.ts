import { batch, computed, effect, signal, type ReadonlySignal } from '@preact/signals';

export const SPEEDS = [0.5, 1, 1.5, 2];
/** A page that nobody sees gets no frames: the time that it missed does not count. */
const FRAME_MAX_MS = 250;
/** Whoever follows a browser that runs is not further behind than that. */
const LAG_MAX_MS = 30_000;

export interface ClockParts {
  /** Where the recording ends as yet. */
  endMs: ReadonlySignal<number>;
  isRunning: ReadonlySignal<boolean>;
  /** Whether the time stands still, because the picture is not there yet. */
  isHeld: () => boolean;
}

/** The one clock that all videos go by. */
export class Clock {
  readonly #time = signal(0);
  readonly #endMs: ReadonlySignal<number>;
  readonly timeMs = computed(() => Math.min(this.#time.value, this.#endMs.value));
  readonly isPlaying = signal(false);
  readonly speed = signal(1);
  /** Whether the end is followed, as more is recorded. */
  readonly isLive = signal(false);
  /** Counts jumps. */
  readonly jumps = signal(0);
  readonly #parts: ClockParts;
  #lastFrameMs = 0;

  constructor(parts: ClockParts) {
    this.#parts = parts;
    this.#endMs = parts.endMs;
    effect(() => {
      if (!this.isPlaying.value) return undefined;
      this.#lastFrameMs = performance.now();
      const tick = (nowMs: number) => {
        this.#tick(nowMs);
        frame = requestAnimationFrame(tick);
      };
      let frame = requestAnimationFrame(tick);
      return () => cancelAnimationFrame(frame);
    });
    effect(() => {
      const isLate = this.#endMs.value - this.#time.peek() > LAG_MAX_MS;
      if (this.isLive.value && !parts.isRunning.value) this.isLive.value = false;
      else if (this.isLive.peek() && isLate) this.#jump(this.#endMs.value);
    });
  }

  play(): void {
    const isOver = this.timeMs.peek() >= this.#endMs.peek() && !this.#parts.isRunning.peek();
    if (isOver) this.#jump(0);
    this.isPlaying.value = true;
  }

  pause(): void {
    this.isPlaying.value = false;
    this.isLive.value = false;
  }

  seek(ms: number): void {
    const isEnd = ms >= this.#endMs.peek();
    batch(() => {
      this.#jump(ms);
      this.isLive.value = isEnd && this.isPlaying.peek() && this.#parts.isRunning.peek();
    });
  }

  follow(): void {
    batch(() => {
      this.#jump(this.#endMs.peek());
      this.isPlaying.value = true;
      this.isLive.value = true;
    });
  }

  #jump(ms: number): void {
    this.#time.value = Math.max(0, Math.min(ms, this.#endMs.peek()));
    this.jumps.value = this.jumps.peek() + 1;
  }

  #tick(nowMs: number): void {
    const passedMs = Math.min(Math.max(0, nowMs - this.#lastFrameMs), FRAME_MAX_MS);
    this.#lastFrameMs = nowMs;
    if (this.#parts.isHeld()) return;
    const endMs = this.#endMs.peek();
    const ms = Math.min(this.timeMs.peek() + passedMs * this.speed.peek(), endMs);
    batch(() => {
      this.#time.value = ms;
      if (ms < endMs) return;
      if (this.#parts.isRunning.peek()) this.isLive.value = true;
      else this.isPlaying.value = false;
    });
  }
}
