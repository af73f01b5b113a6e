import { sql, type SQL } from 'drizzle-orm';

/** What is written by, of which flushing takes no more than this. */
interface Executes {
  execute(query: SQL): Promise<unknown>;
}

export interface CommitPools<Db extends Executes> {
  /** Each commit waits until it is on disk. */
  db: Db;
  /** Commits asynchronously; the same as `db` where the database cannot. */
  unhurried: Db;
}

/**
 * Makes writes durable before they are told. One that is alone waits for the disk itself. Of those
 * that come together each commits at once, so that the rows they all change are locked for as long
 * as a statement takes and not for as long as the disk takes, and then all wait for one flush.
 */
export class Commits<Db extends Executes> {
  readonly #pools: CommitPools<Db>;
  #writing = 0;
  #flushing: Promise<unknown> | undefined;
  #next: Promise<unknown> | undefined;

  constructor(pools: CommitPools<Db>) {
    this.#pools = pools;
  }

  /** Resolves with what `write` did when it is on disk. */
  async durably<T>(write: (db: Db) => Promise<T>): Promise<T> {
    const { db, unhurried } = this.#pools;
    const isAlone = this.#writing++ === 0;
    try {
      if (isAlone || unhurried === db) return await write(db);
      const written = await write(unhurried);
      await this.#flushed();
      return written;
    } finally {
      this.#writing--;
    }
  }

  /** A flush that is under way may have begun too early: all who come meanwhile share the next. */
  #flushed(): Promise<unknown> {
    if (!this.#flushing) return this.#flush();
    this.#next ??= this.#flushing.catch(() => undefined).then(() => this.#flush());
    return this.#next;
  }

  /**
   * The log is flushed in order: what this commits is on disk after all that was committed before.
   * https://www.postgresql.org/docs/current/functions-admin.html#PG-LOGICAL-EMIT-MESSAGE
   */
  #flush(): Promise<unknown> {
    this.#next = undefined;
    const flushing = this.#pools.db
      .execute(sql`select pg_logical_emit_message(true, 'bctrl', '')`)
      .finally(() => {
        if (this.#flushing === flushing) this.#flushing = undefined;
      });
    this.#flushing = flushing;
    return flushing;
  }
}
