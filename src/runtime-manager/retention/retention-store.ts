export interface KeptRecords {
  /** How long runtimes that are over are kept; 0 for ever. */
  runtimesMs: number;
  /** How many events of a runtime are kept, and for how long; operations are kept as long. */
  events: { perRuntime: number; ageMs: number };
  /** How long entries of the audit are kept; 0 for ever. */
  auditMs: number;
}

/** Where a statement begins, as the one before it told, and how many rows it may remove. */
export interface Batch {
  from: string;
  limit: number;
}

export interface BatchEnd {
  /** How many rows of what was asked for; the same batch may remove others that belong to them. */
  removed: number;
  /** Where the next batch begins; undefined: nothing that old is left. */
  next: string | undefined;
}

/** What retention needs of a database. Ages are by the clock of the database. */
export interface RetentionStore {
  /** Removes runtimes that are over for so long, with their events. */
  removeRuntimes(olderThanMs: number, batch: Batch): Promise<BatchEnd>;
  removeEvents(olderThanMs: number, batch: Batch): Promise<BatchEnd>;
  /** Removes operations that are over and were asked for so long ago. */
  removeOperations(olderThanMs: number, batch: Batch): Promise<BatchEnd>;
  removeAuditEntries(olderThanMs: number, batch: Batch): Promise<BatchEnd>;
  /** Removes keys that are too old for a repeated request to be answered from. */
  removeIdempotencyKeys(batch: Batch): Promise<BatchEnd>;
  /** Finds runtimes of a node that have too many events, and for each the newest event to remove. */
  findCrowded(
    nodeId: string,
    crowd: { perRuntime: number; writtenWithinMs: number },
  ): Promise<{ runtimeId: string; upTo: string }[]>;
  /** Removes the oldest events of a runtime up to `upTo`; resolves with how many were removed. */
  removeEventsUpTo(runtimeId: string, upTo: string, limit: number): Promise<number>;
  /** How many runtimes `removeRuntimes` would remove, counted up to `most`. */
  countRuntimes(olderThanMs: number, most: number): Promise<number>;
  countEvents(olderThanMs: number, most: number): Promise<number>;
}
