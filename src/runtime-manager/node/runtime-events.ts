import { untilAborted } from '../../timing/until-aborted.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { EventFilter, RuntimeEvent } from '../runtime/events.ts';
import type { PageObservers } from './page-observers.ts';

/** Events that another service wrote wake nobody here, so who waits looks now and then. */
const LOOK_AGAIN_MS = 2000;

/** Reads what happened to runtimes, and waits for what will. */
export class RuntimeEvents {
  readonly #store: RuntimeStore;
  readonly #observers: PageObservers;
  readonly #closed: AbortSignal;
  readonly #waiting = new Map<string, Set<() => void>>();

  /** `closed` aborts when nothing more will happen. */
  constructor(store: RuntimeStore, observers: PageObservers, closed: AbortSignal) {
    this.#store = store;
    this.#observers = observers;
    this.#closed = closed;
  }

  /** There may be new events of a runtime. */
  wake(runtimeId: string): void {
    for (const look of this.#waiting.get(runtimeId) ?? []) look();
  }

  /** Oldest first. */
  list(runtime: Runtime, filter: EventFilter, limit: number): Promise<RuntimeEvent[]> {
    return this.#store.listEvents(runtime.organizationId, runtime.id, filter, limit);
  }

  /** The id of the newest; '0' when there is none. */
  lastId({ organizationId, id }: Runtime): Promise<string> {
    return this.#store.lastEventId(organizationId, id);
  }

  /**
   * The next that match, as soon as there are any; none when one of `signals` aborts before, or
   * the service shuts down. Without `after`, those from now on.
   */
  async *watch(
    runtime: Runtime,
    filter: Omit<EventFilter, 'after'> & { after?: string | undefined },
    limit: number,
    signals: readonly AbortSignal[],
  ): AsyncGenerator<RuntimeEvent[], void> {
    // One level only: of signals made of others that are made of timeouts, Node may lose some.
    const until = AbortSignal.any([...signals, this.#closed]);
    using _observing = this.#observers.observe(runtime.id);
    let after = filter.after ?? (await this.lastId(runtime));
    for (;;) {
      const found = await this.#next(runtime, { ...filter, after }, limit, until);
      const last = found.at(-1);
      if (!last) return;
      yield found;
      after = last.id;
    }
  }

  async #next(
    runtime: Runtime,
    filter: EventFilter,
    limit: number,
    signal: AbortSignal,
  ): Promise<RuntimeEvent[]> {
    while (!signal.aborted) {
      using call = this.#expectCall(runtime.id);
      const found = await this.list(runtime, filter, limit);
      if (found.length > 0) return found;
      await untilAborted(call.heard, signal).catch(() => undefined);
    }
    return [];
  }

  /** Listens from now on, so that nothing is missed between a look and the wait for the next. */
  #expectCall(runtimeId: string) {
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(runtimeId) ?? new Set();
    this.#waiting.set(runtimeId, waiting.add(resolve));
    const timer = setTimeout(resolve, LOOK_AGAIN_MS);
    return {
      heard,
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        waiting.delete(resolve);
        if (waiting.size === 0) this.#waiting.delete(runtimeId);
      },
    };
  }
}
