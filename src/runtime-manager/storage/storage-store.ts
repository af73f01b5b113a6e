/**
 * Who owns a storage: `ours` when its marker is the one that our database wrote last; `unclaimed`
 * when it has none and may be ours; `foreign` otherwise, that is when another database wrote the
 * marker, another copy of ours did, ours was restored from before the last sweep, or when there are
 * objects without a marker and our database knows none of them.
 */
export const OWNERSHIPS = ['ours', 'unclaimed', 'foreign'] as const;
export type Ownership = (typeof OWNERSHIPS)[number];

/** What may be told of a storage: its ownership, or that it did not answer. */
export const STORAGE_STATES = [...OWNERSHIPS, 'unreachable'] as const;

/** What the marker in a storage says about its owner. */
export interface StorageClaim {
  storageId: string;
  /** The id of the last sweep, or of the claim before there was a sweep. */
  sweepId: string;
}

/** What the core needs of a database to know which storages are its own, and what it has in them. */
export interface StorageStore {
  /** Differs from the id of every other database, also of one that was copied from this one. */
  databaseId(): Promise<string>;
  /** Records a storage that this database is to own. */
  insert(): Promise<StorageClaim>;
  remove(storageId: string): Promise<void>;
  isOurs(claim: StorageClaim): Promise<boolean>;
  /**
   * One conditional update: undefined when the storage is not ours, or was swept lately. `isSettled`
   * tells whether it has been ours for longer than the grace period.
   */
  beginSweep(
    claim: StorageClaim,
    times: { everyMs: number; graceMs: number },
  ): Promise<{ sweepId: string; isSettled: boolean } | undefined>;
  /** Which of `keys` a row names. */
  namedKeys(keys: readonly string[]): Promise<Set<string>>;
}
