import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Backoff } from '../timing/backoff.ts';
import { retry } from '../timing/retry.ts';
import { RuntimeError } from '../errors.ts';
import type { ConnectionEpochs } from '../runtime/access.ts';
import type { NewEvent } from '../runtime/events.ts';
import type { Driver } from '../runtime/lifecycle.ts';
import type { Proxy } from '../runtime/launch.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';
import type { Runtime, RuntimeMove } from '../runtime/runtime.ts';

const RETRY_DELAYS = { minMs: 100, maxMs: 5000 };
const REFUSALS_MAX = 3;
/** How long an answer waits for the record of what was done. */
const RECORD_TIMEOUT_MS = 5000;
/** How many events are kept while the store is away. */
const PENDING_EVENTS_MAX = 1000;

export type RuntimeEnd = Extract<RuntimeMove, { to: 'stopped' | 'failed' }>;

/** What is to be written besides moves; kept until it is written. */
interface Pending {
  events: NewEvent[];
  driver?: Driver;
  defaultPage?: { id: string | undefined };
  connectionEpochs?: ConnectionEpochs;
}

/**
 * The only writer of one life of a runtime. It writes one thing after the other, so that events are
 * in the order in which they happened.
 */
export class RuntimeRecord {
  readonly #store: RuntimeStore;
  readonly #log: Logger;
  readonly #written: (runtime: Runtime) => void;
  #runtime: Runtime;
  #last: Promise<unknown> = Promise.resolve();
  #pending: Pending = { events: [] };
  #flushing: Promise<void> | undefined;
  #ending = false;
  readonly #listeners = new Set<(event: NewEvent) => void>();

  /** `written` is called after each write, with the runtime as it is then. */
  constructor(
    runtime: Runtime,
    store: RuntimeStore,
    log: Logger,
    written: (runtime: Runtime) => void,
  ) {
    this.#runtime = runtime;
    this.#store = store;
    this.#log = log;
    this.#written = written;
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  /**
   * Throws `runtime.stopped` when the runtime may not move there, since it has ended, and
   * `service.unavailable` when the store fails.
   */
  async move(move: RuntimeMove): Promise<Runtime> {
    const moved = await this.#write(move.to, () => this.#store.move(this.#runtime, move));
    if (moved) return moved;
    throw stoppedEarly();
  }

  /** Throws `runtime.not_active` when the runtime has ended, and otherwise as `move`. */
  async setProxy(proxy: Proxy | undefined): Promise<Runtime> {
    const set = await this.#write('proxied', () => this.#store.setProxy(this.#runtime, proxy));
    if (set) return set;
    throw new RuntimeError('runtime.not_active', 'The runtime has ended, or is not running yet.');
  }

  async #write(
    what: string,
    write: () => Promise<Runtime | undefined>,
  ): Promise<Runtime | undefined> {
    const written = await this.#inOrder(write).catch((cause: unknown) => {
      this.#log.error({ err: cause, what }, 'a change could not be recorded');
      throw new RuntimeError('service.unavailable', 'The result could not be recorded.', {
        cause,
      });
    });
    return written && this.#now(written);
  }

  /** As `move`, for moves that need not succeed. */
  async tryMove(move: RuntimeMove): Promise<void> {
    await this.move(move).catch(() => undefined);
  }

  /** Records the end, with as many attempts as it takes: the browser is gone, and the record has to say so. */
  async end(end: RuntimeEnd): Promise<Runtime> {
    // Nothing that the browser said may be recorded after the end.
    this.#ending = true;
    await this.#flushing;
    const write = () => this.#inOrder(() => this.#moveOrFind(end));
    const written = await retry(write, {
      ...RETRY_DELAYS,
      onFailure: (err) =>
        this.#log.error({ err, end: end.to }, 'the end of a runtime could not be recorded yet'),
    });
    return this.#now(written ?? this.#runtime);
  }

  setDriver(driver: Driver): void {
    if (this.#ending) return;
    this.#pending.driver = driver;
    this.#flush();
  }

  /** Resolves when the epochs are recorded, or will not be since the runtime ends. */
  async setConnectionEpochs(epochs: ConnectionEpochs): Promise<void> {
    if (this.#ending) return;
    this.#pending.connectionEpochs = epochs;
    this.#flush();
    await this.#flushing;
  }

  setDefaultPage(id: string | undefined): void {
    if (this.#ending) return;
    this.#pending.defaultPage = { id };
    this.#flush();
  }

  note(event: NewEvent): void {
    if (this.#ending || this.#pending.events.length >= PENDING_EVENTS_MAX) return;
    this.#pending.events.push(event);
    this.#flush();
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` with each event that is noted from now on, until the result is disposed. */
  onNote(listener: (event: NewEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  #flush(): void {
    this.#flushing ??= this.#writePending().finally(() => {
      this.#flushing = undefined;
    });
  }

  /** Gives up what the store refuses again and again while it answers, and tries all else again. */
  async #writePending(): Promise<void> {
    const backoff = new Backoff(RETRY_DELAYS);
    let refusals = 0;
    while (!isEmpty(this.#pending)) {
      // One statement records what happens at one time.
      await Promise.resolve();
      const pending = this.#pending;
      this.#pending = { events: [] };
      try {
        await this.#inOrder(() => this.#writeBeside(pending));
        this.#written(this.#runtime);
        backoff.reset();
        refusals = 0;
      } catch (err) {
        this.#log.error({ err }, 'what happened to a runtime could not be recorded');
        refusals = (await this.#storeAnswers()) ? refusals + 1 : 0;
        if (refusals >= REFUSALS_MAX) {
          refusals = 0;
          continue;
        }
        this.#pending = merge(pending, this.#pending);
        await delay(backoff.next());
      }
    }
  }

  async #writeBeside(pending: Pending): Promise<void> {
    const { events, driver, defaultPage, connectionEpochs } = pending;
    if (events.length > 0) {
      await this.#store.appendEvents(this.#runtime, events);
      // What fails after them is tried again without them.
      pending.events = [];
    }
    if (driver) await this.#store.setDriver(this.#runtime, driver);
    if (defaultPage) await this.#store.setDefaultPage(this.#runtime, defaultPage.id);
    if (connectionEpochs) await this.#store.setConnectionEpochs(this.#runtime, connectionEpochs);
  }

  async #storeAnswers(): Promise<boolean> {
    const { organizationId, id } = this.#runtime;
    return this.#store.lastEventId(organizationId, id).then(
      () => true,
      () => false,
    );
  }

  /** The move may have been made although its answer was lost on the way. */
  async #moveOrFind(end: RuntimeEnd): Promise<Runtime | undefined> {
    const { organizationId, workspaceId, id } = this.#runtime;
    const moved = await this.#store.move(this.#runtime, end);
    return moved ?? this.#store.find(organizationId, workspaceId, id);
  }

  #now(runtime: Runtime): Runtime {
    this.#runtime = runtime;
    this.#written(runtime);
    return runtime;
  }

  #inOrder<T>(write: () => Promise<T>): Promise<T> {
    const written = this.#last.then(write);
    this.#last = written.catch(() => undefined);
    return written;
  }
}

function isEmpty({ events, driver, defaultPage, connectionEpochs }: Pending): boolean {
  return events.length === 0 && !driver && !defaultPage && !connectionEpochs;
}

function merge(earlier: Pending, later: Pending): Pending {
  const events = [...earlier.events, ...later.events].slice(0, PENDING_EVENTS_MAX);
  return { ...earlier, ...later, events };
}

/** Rejects with `service.unavailable`, after as long as an answer waits for a record. */
export async function unrecorded(): Promise<never> {
  await delay(RECORD_TIMEOUT_MS, undefined, { ref: false });
  throw new RuntimeError('service.unavailable', 'The result could not be recorded yet.');
}

/** The error for whoever waits for a runtime that has ended by then. */
export function stoppedEarly(): RuntimeError {
  return new RuntimeError('runtime.stopped', 'The runtime was stopped before it was ready.');
}
