import { sql, type SQL } from 'drizzle-orm';

/** The part of a database handle that a flush needs. */
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
 * Makes writes durable before they are told. A write that is alone waits for the disk itself.
 * Writes that come together commit at once, so that the rows they all change are locked for as long
 * as a statement takes and not for as long as the disk takes; then all of them wait for one flush.
 */
export class Commits<Db extends Executes> {
  readonly #pools: CommitPools<Db>;
  #writing = 0;
  #flushing: Promise<unknown> | undefined;
  #next: Promise<unknown> | undefined;

  constructor(pools: CommitPools<Db>) {
    this.#pools = pools;
  }

  /** Resolves with the result of `write` once its changes are on disk. */
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

  /** A flush that is under way may have begun too early: all writes that come meanwhile share the next. */
  #flushed(): Promise<unknown> {
    if (!this.#flushing) return this.#flush();
    this.#next ??= this.#flushing.catch(() => undefined).then(() => this.#flush());
    return this.#next;
  }

  /**
   * The log is flushed in order: when this commit is on disk, all earlier ones are.
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
