/** Wakes whoever waits for something new of a runtime. */
export class WakeUps {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Tells that there may be something new of a runtime. */
  wake(runtimeId: string): void {
    for (const look of this.#waiting.get(runtimeId) ?? []) look();
  }

  /**
   * Listens from now on, so that nothing is missed between a look and the wait for the next. `heard`
   * resolves with the first call, when `signal` aborts, or after `atMostMs`.
   */
  expect(
    runtimeId: string,
    signal: AbortSignal,
    atMostMs: number,
  ): Disposable & { heard: Promise<void> } {
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(runtimeId) ?? new Set();
    this.#waiting.set(runtimeId, waiting.add(resolve));
    const abort = () => resolve();
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(resolve, atMostMs);
    return {
      heard,
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        waiting.delete(resolve);
        if (waiting.size === 0) this.#waiting.delete(runtimeId);
      },
    };
  }
}
