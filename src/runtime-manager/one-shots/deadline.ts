/** The time that a one-shot has, which ends with what it is at by then. */
export class Deadline implements Disposable {
  readonly #late = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #whenLate: () => Error;

  constructor(ms: number, whenLate: () => Error) {
    this.#whenLate = whenLate;
    this.#timer = setTimeout(() => this.#late.abort(this.#whenLate()), ms);
  }

  /** Aborts when the time is over, with the error that says what it was over for. */
  get signal(): AbortSignal {
    return this.#late.signal;
  }

  /** From now on the one-shot is at something else. */
  next(whenLate: () => Error): void {
    this.#whenLate = whenLate;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
