import type { Logger } from 'pino';
import { every } from '../timing/every.ts';
import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import { findOrphans } from './orphans.ts';
import type { StorageOwner } from '../storage/storage-owner.ts';
import type { StorageStore } from '../storage/storage-store.ts';

/** How often the sweep is checked for being due: a service that was to do it may be gone. */
const LOOK_INTERVAL_MS = 600_000;
const SWEEP_INTERVAL_MS = 86_400_000;

export interface OrphanSweepOptions {
  /** The bare storage: the sweep itself asks who owns it. */
  storage: ObjectStorage;
  owner: StorageOwner;
  store: StorageStore;
  /**
   * Younger objects stay, whether a row names them or not: an object is there before its row. A
   * storage also has to be ours for so long before anything is removed from it.
   */
  graceMs: number;
  everyMs?: number;
  log: Logger;
}

/**
 * Removes what a crash left in the storage: objects that no row names. Of the services that share
 * the database and the storage, one does so once a day, and only while the storage is this
 * database's.
 */
export class OrphanSweep implements Disposable {
  readonly #options: OrphanSweepOptions;
  #timer: Disposable | undefined;
  #isClosed = false;
  #hasWarned = false;

  constructor(options: OrphanSweepOptions) {
    this.#options = options;
  }

  /** Begins at once, so that the storage has its marker before there is anything in it. */
  start(): void {
    const work = async () => void (await this.run());
    const timer = every(LOOK_INTERVAL_MS, work, (err) => {
      if (this.#isClosed) return;
      this.#options.log.warn({ err }, 'the storage could not be looked through');
    });
    this.#timer = timer;
    timer.soon();
  }

  /** Claims a storage that is nobody's, and sweeps one that is ours when a sweep is due. */
  async run(): Promise<{ removed: number; bytes: number }> {
    const { owner, graceMs, everyMs = SWEEP_INTERVAL_MS } = this.#options;
    if ((await owner.claim()) !== 'ours') {
      this.#warn();
      return { removed: 0, bytes: 0 };
    }
    const sweep = await owner.beginSweep({ everyMs, graceMs });
    if (!sweep?.isSettled) return { removed: 0, bytes: 0 };
    return this.#sweep(new Date(sweep.at.getTime() - graceMs), sweep.isStill);
  }

  async #sweep(before: Date, isStillOurs: () => Promise<boolean>) {
    const { storage, store, log } = this.#options;
    const total = { removed: 0, bytes: 0 };
    for await (const { orphans } of findOrphans(storage, store, before)) {
      if (this.#isClosed) break;
      if (orphans.length === 0) continue;
      // Another database may have been given the storage meanwhile.
      if (!(await isStillOurs())) break;
      for (const { sizeBytes } of await this.#remove(orphans)) {
        total.removed += 1;
        total.bytes += sizeBytes;
      }
    }
    if (total.removed > 0) log.info(total, 'objects that no record names were removed');
    return total;
  }

  /** Removes orphans, except those that a row names by now. */
  async #remove(orphans: readonly StoredObject[]): Promise<StoredObject[]> {
    const { storage, store } = this.#options;
    const named = await store.namedKeys(orphans.map(({ key }) => key));
    const removed = [];
    for (const orphan of orphans) {
      if (this.#isClosed || named.has(orphan.key)) continue;
      await storage.delete(orphan.key);
      removed.push(orphan);
    }
    return removed;
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.log.warn(
      'the storage belongs to another database, or to another copy of this one: nothing is removed from it; `npm run doctor` says what to do',
    );
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
  }
}
