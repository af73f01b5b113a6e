export interface BackoffDelays {
  minMs: number;
  maxMs: number;
}

/** Delays that double from one failure to the next, up to a maximum. */
export class Backoff {
  readonly #delays: BackoffDelays;
  #nextMs: number;

  constructor(delays: BackoffDelays) {
    this.#delays = delays;
    this.#nextMs = delays.minMs;
  }

  /** How many milliseconds to wait after one more failure. */
  next(): number {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(ms * 2, this.#delays.maxMs);
    return ms;
  }

  /** Begins anew, after a success. */
  reset(): void {
    this.#nextMs = this.#delays.minMs;
  }
}
