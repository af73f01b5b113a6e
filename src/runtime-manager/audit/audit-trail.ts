import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Actor } from '../runtime/actor.ts';
import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { AuditEntry, NewAuditEntry } from './audit-entry.ts';
import type { AuditFilter, AuditStore } from './audit-store.ts';

/** For how long an entry waits for others, to be written with them. */
const INTERVAL_MS = 250;
const BATCH_ENTRIES = 100;
/** Some 5 MB. */
const MOST_WAITING = 10_000;
/** How long the last entries may take at the end. */
const LAST_MS = 2000;

export interface AuditTrailOptions {
  store: AuditStore;
  /** Whether a failure is that of a database that may be back later. */
  isAway: (error: unknown) => boolean;
  metrics: AuditMetrics;
  log: Logger;
}

export interface AuditMetrics {
  /** Entries that will never be written. */
  lost: (count: number) => void;
}

interface Waiting extends NewAuditEntry {
  id: string;
  /** When it was recorded, by `performance.now()`. */
  at: number;
}

/**
 * Who did what. No request waits for its entry: entries are written in batches, and wait in memory
 * while the database is away. Beyond ten thousand, new ones are lost.
 */
export class AuditTrail implements AsyncDisposable {
  readonly #options: AuditTrailOptions;
  readonly #timer: NodeJS.Timeout;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** Since the last one was written. */
  #lost = 0;
  #isAway = false;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#write(), INTERVAL_MS).unref();
  }

  /** Never throws, and takes a moment only. */
  record(entry: NewAuditEntry): void {
    if (this.#waiting.length >= MOST_WAITING) return this.#lose(1, undefined);
    this.#waiting.push({ ...entry, id: randomUUID(), at: performance.now() });
    if (this.#waiting.length === BATCH_ENTRIES) void this.#write();
  }

  /** Newest first, without those that wait to be written. */
  list(
    { organizationId }: Actor,
    filter: AuditFilter,
    page: PageRequest,
  ): Promise<Page<AuditEntry>> {
    return this.#options.store.list(organizationId, filter, page);
  }

  /** Resolves when all that waits is written, or the database is away. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, BATCH_ENTRIES);
      try {
        await this.#insert(batch);
        this.#tellBack();
      } catch (error) {
        if (this.#options.isAway(error)) return this.#tellAway(error);
        this.#lose(batch.length, error);
      }
      this.#waiting.splice(0, batch.length);
    }
  }

  async #insert(batch: Waiting[]): Promise<void> {
    const now = performance.now();
    await this.#options.store.insert(
      batch.map(({ at, ...entry }) => ({ ...entry, ageMs: now - at })),
    );
  }

  #lose(count: number, err: unknown): void {
    this.#options.metrics.lost(count);
    if (this.#lost === 0) this.#options.log.error({ err }, 'entries of the audit are lost');
    this.#lost += count;
  }

  #tellAway(err: unknown): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#options.log.warn({ err }, 'the audit waits for the database');
  }

  #tellBack(): void {
    this.#isAway = false;
    if (this.#lost === 0) return;
    this.#options.log.error({ lost: this.#lost }, 'so many entries of the audit were lost');
    this.#lost = 0;
  }

  /** Writes what waits, if the database takes it soon. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#write(), delay(LAST_MS, undefined, { ref: false })]);
    const left = this.#waiting.length;
    if (left > 0) this.#lose(left, new Error('the service ended before the database took them'));
  }
}
