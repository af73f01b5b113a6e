import { once } from 'node:events';
import type { Logger } from 'pino';
import type { WakeUps } from '../events/wake-ups.ts';
import { unrecorded, type RuntimeEnd } from '../node/runtime-record.ts';
import { WaitingClients } from '../node/waiting-clients.ts';
import { failure } from '../runtime/failures.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';

/** How often the record is read, should nobody tell that it has changed. */
const LOOK_MS = 2000;
/** How often an end is tried that could not be recorded. */
const AGAIN_MS = 500;

const ABANDONED = { to: 'failed', failure: failure('runtime.abandoned') } as const;

export interface QueuedRuntimeParts {
  store: Pick<RuntimeStore, 'find' | 'withdraw'>;
  wakeUps: WakeUps;
  /** How many milliseconds it may still wait, as far as is known now. */
  leftMs: () => number;
  /** How it ends when that time is over. */
  overdue: () => RuntimeEnd;
  log: Logger;
}

/**
 * A runtime of this process's clients that waits for any node. A node may take it, anybody may stop
 * it, its time may be over, and its clients may hang up: whoever changes the record first decides.
 */
export class QueuedRuntime {
  /** Since when it waits, by `performance.now()`. */
  readonly since = performance.now();
  /** Resolves with the record once it waits no more; undefined when there is none any more. */
  readonly settled: Promise<Runtime | undefined>;
  /** Rejects when an end could not be recorded for long. */
  readonly #unrecorded: Promise<never>;
  readonly #queued: Runtime;
  readonly #parts: QueuedRuntimeParts;
  readonly #clients = new WaitingClients<Runtime | undefined>(() => this.end(ABANDONED));
  /** Aborts when it is to end. */
  readonly #ending = new AbortController();
  #end: RuntimeEnd | undefined;

  constructor(queued: Runtime, parts: QueuedRuntimeParts) {
    this.#queued = queued;
    this.#parts = parts;
    this.settled = this.#settle();
    this.#unrecorded = once(this.#ending.signal, 'abort').then(unrecorded);
    this.#unrecorded.catch(() => undefined);
  }

  /**
   * Waits as a client, which hangs up when `signal` aborts. Throws `service.unavailable` when an end
   * could not be recorded.
   */
  wait(signal: AbortSignal | undefined): Promise<Runtime | undefined> {
    const settled = () => Promise.race([this.settled, this.#unrecorded]);
    return this.#clients.wait(settled, { signal });
  }

  /** Ends it, unless a node takes it just now; the first end decides. */
  end(end: RuntimeEnd): void {
    this.#end ??= end;
    this.#ending.abort();
  }

  /** Listens before it looks, so that no change is missed. */
  async #settle(): Promise<Runtime | undefined> {
    for (;;) {
      using news = this.#expect();
      try {
        const { waits, runtime } = await this.#look();
        if (!waits) return runtime;
      } catch (err) {
        this.#parts.log.warn({ err, runtimeId: this.#queued.id }, 'the queue could not be read');
      }
      await news.heard;
    }
  }

  #expect(): Disposable & { heard: Promise<void> } {
    const { wakeUps, leftMs } = this.#parts;
    const { signal } = this.#ending;
    const atMostMs = this.#end ? AGAIN_MS : Math.min(LOOK_MS, Math.max(1, Math.ceil(leftMs())));
    return wakeUps.expect(this.#queued.id, signal, atMostMs);
  }

  async #look(): Promise<{ waits: boolean; runtime?: Runtime | undefined }> {
    const { store, wakeUps, leftMs, overdue } = this.#parts;
    const { organizationId, workspaceId, id, generation } = this.#queued;
    if (leftMs() <= 0) this.end(overdue());
    const over = this.#end && (await store.withdraw(this.#queued, this.#end));
    if (over) {
      wakeUps.wake(over);
      return { waits: false, runtime: over };
    }
    const found = await store.find(organizationId, workspaceId, id);
    // A later life is another one's.
    if (found?.generation !== generation) return { waits: false };
    return { waits: found.queuedAt !== undefined, runtime: found };
  }
}
