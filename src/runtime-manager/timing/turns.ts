/** Does so much work at once, and the rest in the order in which it came. */
export class Turns {
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Does `work` when its turn has come. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active < this.#atOnce) this.#active++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Whoever waits for longest gets this turn.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#active--;
    }
  }
}
