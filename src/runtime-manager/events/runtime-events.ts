import type { EventFilter, RuntimeEvent } from '../runtime/events.ts';
import type { EventStore } from '../runtime/event-store.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { WakeUps } from './wake-ups.ts';

/** Events that another service wrote wake nobody here, so whoever waits looks now and then. */
const LOOK_AGAIN_MS = 2000;
/** Whoever waits for events asks again and again, so pages are observed a while longer. */
const OBSERVE_MS = 40_000;
const OBSERVE_AGAIN_MS = 10_000;

export interface RuntimeEventsParts {
  store: EventStore;
  wakeUps: WakeUps;
  /** Has what happens in the pages of a runtime recorded, for so long from now. */
  observe: (runtime: Runtime, forMs: number) => void;
  /** Aborts when nothing more will happen. */
  closed: AbortSignal;
}

/** Reads what happened to runtimes, and waits for what will happen. */
export class RuntimeEvents {
  readonly #parts: RuntimeEventsParts;

  constructor(parts: RuntimeEventsParts) {
    this.#parts = parts;
  }

  /** Oldest first. */
  list(runtime: Runtime, filter: EventFilter, limit: number): Promise<RuntimeEvent[]> {
    return this.#parts.store.listEvents(runtime.organizationId, runtime.id, filter, limit);
  }

  /** The id of the newest event; '0' when there is none. */
  lastId({ organizationId, id }: Runtime): Promise<string> {
    return this.#parts.store.lastEventId(organizationId, id);
  }

  /**
   * Yields the next events that match, as soon as there are any, until one of `signals` aborts or
   * the service shuts down. Without `after`, yields events from now on.
   */
  async *watch(
    runtime: Runtime,
    filter: Omit<EventFilter, 'after'> & { after?: string | undefined },
    limit: number,
    signals: readonly AbortSignal[],
  ): AsyncGenerator<RuntimeEvent[], void> {
    // Signals are joined in one level only: Node may lose signals made of others that are made of
    // timeouts.
    const until = AbortSignal.any([...signals, this.#parts.closed]);
    using _observing = this.#observe(runtime);
    let after = filter.after ?? (await this.lastId(runtime));
    for (;;) {
      const found = await this.#next(runtime, { ...filter, after }, limit, until);
      const last = found.at(-1);
      if (!last) return;
      yield found;
      after = last.id;
    }
  }

  #observe(runtime: Runtime): Disposable {
    const observe = () => this.#parts.observe(runtime, OBSERVE_MS);
    observe();
    const again = setInterval(observe, OBSERVE_AGAIN_MS).unref();
    return { [Symbol.dispose]: () => clearInterval(again) };
  }

  async #next(
    runtime: Runtime,
    filter: EventFilter,
    limit: number,
    signal: AbortSignal,
  ): Promise<RuntimeEvent[]> {
    while (!signal.aborted) {
      using call = this.#parts.wakeUps.expect(runtime.id, signal, LOOK_AGAIN_MS);
      const found = await this.list(runtime, filter, limit);
      if (found.length > 0) return found;
      await call.heard;
    }
    return [];
  }
}
