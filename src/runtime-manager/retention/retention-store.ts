export interface KeptRecords {
  /** How long runtimes are kept that are over; 0 for ever. */
  runtimesMs: number;
  /** How many events of a runtime are kept, and for how long. */
  events: { perRuntime: number; ageMs: number };
}

/** Where a statement begins, as the one before told, and how many rows it may remove. */
export interface Batch {
  from: string;
  limit: number;
}

export interface BatchEnd {
  /** Rows of what was asked for; the same batch may remove others that belong to them. */
  removed: number;
  /** Where the next batch begins; undefined: nothing that old is left. */
  next: string | undefined;
}

/** What retention needs of a database. Ages are by the clock of the database. */
export interface RetentionStore {
  /** Runtimes that are over for so long, with their events. */
  removeRuntimes(olderThanMs: number, batch: Batch): Promise<BatchEnd>;
  removeEvents(olderThanMs: number, batch: Batch): Promise<BatchEnd>;
  /** Those that are no longer answered by. */
  removeIdempotencyKeys(batch: Batch): Promise<BatchEnd>;
  /** Runtimes of a node that have too many events, and the newest event of each that is too many. */
  findCrowded(
    nodeId: string,
    crowd: { perRuntime: number; writtenWithinMs: number },
  ): Promise<{ runtimeId: string; upTo: string }[]>;
  /** The oldest events of a runtime up to one; resolves with how many were removed. */
  removeEventsUpTo(runtimeId: string, upTo: string, limit: number): Promise<number>;
  /** How many `removeRuntimes` would remove, counted as far as a number. */
  countRuntimes(olderThanMs: number, most: number): Promise<number>;
  countEvents(olderThanMs: number, most: number): Promise<number>;
}
