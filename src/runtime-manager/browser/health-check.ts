import { setTimeout as delay } from 'node:timers/promises';

export interface HealthCheckTimes {
  intervalMs: number;
  /** A browser that takes longer to answer, and does nothing meanwhile, hangs. */
  timeoutMs: number;
  /** A browser that takes this many times as long hangs, whatever it does. */
  busyMultiple: number;
}

export interface Patient {
  /** Resolves when the browser answers. */
  ask: (signal: AbortSignal) => Promise<unknown>;
  /** Resolves with a text that changes when the browser does something; undefined: nobody knows. */
  activity: () => Promise<string | undefined>;
}

/**
 * Asks a browser again and again whether it is there. A browser that neither answers nor works
 * hangs; one that works gets more time, since a page can keep a healthy browser busy for a while.
 */
export class HealthCheck implements Disposable {
  readonly #times: HealthCheckTimes;
  readonly #patient: Patient;
  readonly #onHung: () => void;
  #timer: NodeJS.Timeout;
  #failed = false;
  #ended = false;
  #held = 0;
  #timesLetGo = 0;

  constructor(patient: Patient, times: HealthCheckTimes, onHung: () => void) {
    this.#patient = patient;
    this.#times = times;
    this.#onHung = onHung;
    this.#timer = this.#next();
  }

  /** Tells that the service itself holds the browser still, until the result is disposed. */
  pause(): Disposable {
    this.#held++;
    return {
      [Symbol.dispose]: () => {
        this.#held--;
        this.#timesLetGo++;
      },
    };
  }

  #next(): NodeJS.Timeout {
    return setTimeout(() => {
      if (!this.#ended) void this.#check();
    }, this.#times.intervalMs).unref();
  }

  async #check(): Promise<void> {
    const { timeoutMs, busyMultiple } = this.#times;
    const late = AbortSignal.timeout(timeoutMs * busyMultiple);
    const over = new AbortController();
    const answered = this.#patient.ask(late).then(() => true);
    const stood = this.#untilStill(over.signal).then(() => false);
    try {
      if (!(await Promise.race([answered, stood]))) return this.#hung();
      this.#failed = false;
    } catch {
      // A closed pipe means that the process is ending, unless the process is still there the next
      // time.
      if (late.aborted || this.#failed) return this.#hung();
      this.#failed = true;
    } finally {
      over.abort();
    }
    this.#timer = this.#next();
  }

  /** Resolves when the browser did nothing for as long as an answer may take. */
  async #untilStill(signal: AbortSignal): Promise<void> {
    let before = await this.#signs();
    for (;;) {
      await delay(this.#times.timeoutMs, undefined, { ref: false, signal });
      const now = await this.#signs();
      signal.throwIfAborted();
      if (now !== undefined && now === before && this.#held === 0) return;
      before = now;
    }
  }

  async #signs(): Promise<string | undefined> {
    const activity = await this.#patient.activity();
    return activity && `${activity} ${this.#timesLetGo}`;
  }

  #hung(): void {
    if (!this.#ended) this.#onHung();
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}
