import type { Runtime } from '../runtime/runtime.ts';

/** Wakes whoever waits for something new of a runtime, or of any of an organization. */
export class WakeUps {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Tells that there may be something new of a runtime. */
  wake({ id, organizationId }: Pick<Runtime, 'id' | 'organizationId'>): void {
    for (const waited of [id, organizationId]) {
      for (const look of this.#waiting.get(waited) ?? []) look();
    }
  }

  /**
   * Listens from now on, so that nothing is missed between a look and the wait for the next. `id` is
   * that of a runtime or of an organization. `heard` resolves with the first call, when `signal` aborts, or after `atMostMs`.
   */
  expect(id: string, signal: AbortSignal, atMostMs: number): Disposable & { heard: Promise<void> } {
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    const abort = () => resolve();
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(resolve, atMostMs);
    return {
      heard,
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        waiting.delete(resolve);
        if (waiting.size === 0) this.#waiting.delete(id);
      },
    };
  }
}
