/** Who waits for events asks again and again: pages are observed a while longer. */
const LINGER_MS = 30_000;

/** Of which runtimes somebody wants to know what happens in their pages. */
export class PageObservers {
  readonly #counts = new Map<string, number>();
  readonly #changed: (runtimeId: string) => void;

  /** `changed` is called when somebody begins to want it, and when nobody does any more. */
  constructor(changed: (runtimeId: string) => void) {
    this.#changed = changed;
  }

  has(runtimeId: string): boolean {
    return this.#counts.has(runtimeId);
  }

  /** Observes until some time after it is disposed. */
  observe(runtimeId: string): Disposable {
    const count = this.#counts.get(runtimeId) ?? 0;
    this.#counts.set(runtimeId, count + 1);
    if (count === 0) this.#changed(runtimeId);
    return {
      [Symbol.dispose]: () => {
        setTimeout(() => this.#leave(runtimeId), LINGER_MS).unref();
      },
    };
  }

  #leave(runtimeId: string): void {
    const left = (this.#counts.get(runtimeId) ?? 1) - 1;
    if (left > 0) {
      this.#counts.set(runtimeId, left);
      return;
    }
    this.#counts.delete(runtimeId);
    this.#changed(runtimeId);
  }
}
