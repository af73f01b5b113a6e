export interface HealthCheckTimes {
  intervalMs: number;
  /** A browser that takes longer to answer hangs. */
  timeoutMs: number;
}

/** Asks a browser again and again whether it is there; one that does not answer hangs. */
export class HealthCheck implements Disposable {
  readonly #times: HealthCheckTimes;
  readonly #ask: (signal: AbortSignal) => Promise<unknown>;
  readonly #onHung: () => void;
  #timer: NodeJS.Timeout;
  #failed = false;
  #ended = false;

  constructor(
    ask: (signal: AbortSignal) => Promise<unknown>,
    times: HealthCheckTimes,
    onHung: () => void,
  ) {
    this.#ask = ask;
    this.#times = times;
    this.#onHung = onHung;
    this.#timer = this.#next();
  }

  #next(): NodeJS.Timeout {
    return setTimeout(() => {
      if (!this.#ended) void this.#check();
    }, this.#times.intervalMs).unref();
  }

  async #check(): Promise<void> {
    const late = AbortSignal.timeout(this.#times.timeoutMs);
    try {
      await this.#ask(late);
      this.#failed = false;
      this.#timer = this.#next();
    } catch {
      // A pipe that closed means that the process is ending, unless it still is there the next time.
      if (late.aborted || this.#failed) return this.#onHung();
      this.#failed = true;
      this.#timer = this.#next();
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}
