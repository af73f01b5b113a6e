import { untilAborted } from './until-aborted.ts';

/** Does so much work at once, and the rest in the order in which it came. */
export class Turns {
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Does `work` when its turn has come. Throws the reason of `until` when that aborts before. */
  async take<T>(work: () => Promise<T>, until?: AbortSignal): Promise<T> {
    if (this.#active < this.#atOnce) this.#active++;
    else await this.#turn(until);
    try {
      return await work();
    } finally {
      // Whoever waits for longest gets this turn.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#active--;
    }
  }

  async #turn(until?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    if (!until) return promise;
    await untilAborted(promise, until).catch((error: unknown) => {
      // Whoever does not wait any more has the turn.
      const at = this.#waiting.indexOf(resolve);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      throw error;
    });
  }
}
