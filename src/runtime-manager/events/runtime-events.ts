import type { Runtime, RuntimeStore } from '../store.ts';
import type { EventFilter, RuntimeEvent } from './events.ts';

/** Events that another service wrote wake nobody here, so who waits looks now and then. */
const LOOK_AGAIN_MS = 2000;

/** Reads what happened to runtimes, and waits for what will. */
export class RuntimeEvents {
  readonly #store: RuntimeStore;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(store: RuntimeStore) {
    this.#store = store;
  }

  /** There may be new events of a runtime. */
  wake(runtimeId: string): void {
    for (const look of this.#waiting.get(runtimeId) ?? []) look();
  }

  list(runtime: Runtime, filter: EventFilter, limit: number): Promise<RuntimeEvent[]> {
    return this.#store.listEvents(runtime.organizationId, runtime.id, filter, limit);
  }

  /** The events that match, as soon as there are any; none when the signal aborts first. */
  async next(
    runtime: Runtime,
    filter: EventFilter,
    limit: number,
    signal: AbortSignal,
  ): Promise<RuntimeEvent[]> {
    while (!signal.aborted) {
      using call = this.#expectCall(runtime.id, signal);
      const found = await this.list(runtime, filter, limit);
      if (found.length > 0) return found;
      await call.heard;
    }
    return [];
  }

  /** Listens from now on, so that nothing is missed between a look and the wait for the next. */
  #expectCall(runtimeId: string, signal: AbortSignal) {
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(runtimeId) ?? new Set();
    this.#waiting.set(runtimeId, waiting.add(resolve));
    const abort = () => resolve();
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(resolve, LOOK_AGAIN_MS);
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
