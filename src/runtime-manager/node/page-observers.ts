/** Of which runtimes somebody wants to know what happens in their pages. */
export class PageObservers {
  readonly #wanted = new Map<string, NodeJS.Timeout>();
  readonly #followers = new Map<string, (isWanted: boolean) => void>();

  /** It is wanted from now on for so long, or for as long as was said before. */
  observe(runtimeId: string, forMs: number): void {
    const known = this.#wanted.get(runtimeId);
    clearTimeout(known);
    this.#wanted.set(runtimeId, setTimeout(() => this.#leave(runtimeId), forMs).unref());
    if (!known) this.#followers.get(runtimeId)?.(true);
  }

  /** Tells at once, and from then on, whether it is wanted. */
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
