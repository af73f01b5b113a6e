/** The runtimes whose pages somebody observes. */
export class PageObservers {
  readonly #wanted = new Map<string, NodeJS.Timeout>();
  readonly #followers = new Map<string, (isWanted: boolean) => void>();

  /** The pages of a runtime are observed for so long from now on, whatever was said before. */
  observe(runtimeId: string, forMs: number): void {
    const known = this.#wanted.get(runtimeId);
    clearTimeout(known);
    this.#wanted.set(runtimeId, setTimeout(() => this.#leave(runtimeId), forMs).unref());
    if (!known) this.#followers.get(runtimeId)?.(true);
  }

  /** Calls `changed` at once, and whenever it changes whether the pages are observed. */
  follow(runtimeId: string, changed: (isWanted: boolean) => void): Disposable {
    this.#followers.set(runtimeId, changed);
    changed(this.#wanted.has(runtimeId));
    return {
      [Symbol.dispose]: () => {
        if (this.#followers.get(runtimeId) === changed) this.#followers.delete(runtimeId);
      },
    };
  }

  #leave(runtimeId: string): void {
    this.#wanted.delete(runtimeId);
    this.#followers.get(runtimeId)?.(false);
  }
}
