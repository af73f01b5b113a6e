import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { every } from '../timing/every.ts';
import type { Batch, BatchEnd, KeptRecords, RetentionStore } from './retention-store.ts';

const INTERVAL_MS = 60_000;
/** How many rows one statement removes at most, which takes some tens of milliseconds. */
const BATCH_ROWS = 500;
/** The pause between statements leaves the database to others. */
const PAUSE_MS = 100;
/** Covers events that are being written during a look. */
const SPARE_MS = 60_000;
const BEGINNING = '-infinity';

export interface RetentionOptions {
  nodeId: string;
  store: RetentionStore;
  keep: KeptRecords;
  log: Logger;
}

/**
 * Removes old records once a minute, in small batches. An index tells the oldest, so the cost is
 * that of what is removed. Services on one database share the work; each trims the events of its
 * own runtimes.
 */
export class Retention implements Disposable {
  readonly #options: RetentionOptions;
  readonly #timer: Disposable;
  readonly #closed = new AbortController();
  /** By `performance.now()`: a runtime without events since then has not too many. */
  #lookedAtMs = performance.now();

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#timer = every(
      INTERVAL_MS,
      () => this.run(),
      (err) => {
        if (this.#closed.signal.aborted) return;
        options.log.warn({ err }, 'old records could not be removed');
      },
    );
  }

  /** Resolves when nothing is left that is too old or too much. */
  async run(): Promise<void> {
    const { store, keep, log } = this.#options;
    await this.#drain((batch) => store.removeEvents(keep.events.ageMs, batch));
    await this.#drain((batch) => store.removeOperations(keep.events.ageMs, batch));
    await this.#trim();
    await this.#drain((batch) => store.removeIdempotencyKeys(batch));
    if (keep.auditMs > 0) {
      await this.#drain((batch) => store.removeAuditEntries(keep.auditMs, batch));
    }
    if (keep.runtimesMs === 0) return;
    const removed = await this.#drain((batch) => store.removeRuntimes(keep.runtimesMs, batch));
    if (removed > 0) log.info({ removed }, 'runtimes that were over for long were removed');
  }

  async #drain(remove: (batch: Batch) => Promise<BatchEnd>): Promise<number> {
    let removed = 0;
    for (let from: string | undefined = BEGINNING; from !== undefined;) {
      const end: BatchEnd = await remove({ from, limit: BATCH_ROWS });
      removed += end.removed;
      from = end.next;
      if (from !== undefined) await this.#pause();
    }
    return removed;
  }

  async #trim(): Promise<void> {
    const { nodeId, store, keep } = this.#options;
    const now = performance.now();
    const crowded = await store.findCrowded(nodeId, {
      perRuntime: keep.events.perRuntime,
      writtenWithinMs: now - this.#lookedAtMs + SPARE_MS,
    });
    for (const { runtimeId, upTo } of crowded) {
      while ((await store.removeEventsUpTo(runtimeId, upTo, BATCH_ROWS)) === BATCH_ROWS) {
        await this.#pause();
      }
    }
    this.#lookedAtMs = now;
  }

  async #pause(): Promise<void> {
    await delay(PAUSE_MS, undefined, { signal: this.#closed.signal });
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#closed.abort();
  }
}
