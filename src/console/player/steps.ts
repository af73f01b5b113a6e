/** Values, each of which holds from a time on until the next. */
export class Steps<T> {
  readonly #times: number[] = [];
  readonly #values: T[] = [];

  /** Times may not go back. */
  add(atMs: number, value: T): void {
    this.#times.push(atMs);
    this.#values.push(value);
  }

  get first(): T | undefined {
    return this.#values[0];
  }

  at(ms: number): T | undefined {
    return this.#values[this.#firstAfter(ms) - 1];
  }

  after(ms: number): T | undefined {
    return this.#values[this.#firstAfter(ms)];
  }

  /** When the next value begins. */
  nextMs(ms: number): number | undefined {
    return this.#times[this.#firstAfter(ms)];
  }

  #firstAfter(ms: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? Infinity) <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
