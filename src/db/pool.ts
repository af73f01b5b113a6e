import { setTimeout as delay, setImmediate as afterIo } from 'node:timers/promises';
import type postgres from 'postgres';

/** How often the database is asked whether it is there, and how long it may take to say so. */
const BEAT_MS = 1000;
const BEAT_TIMEOUT_MS = 2500;
const RETRY_MS = 250;
/** A statement that is unanswered for so long, while others are answered, waits on a lost connection. */
const STATEMENT_MAX_MS = 60_000;
const CLOSE_TIMEOUT_S = 5;

/**
 * Connections to a database that is asked again and again whether it answers: a database that hangs
 * keeps nobody waiting, and connections that were lost on the way are found before a request needs
 * them. When the database does not answer, every statement that waits for it is refused, and so are
 * those that come after, until connections made anew are answered.
 */
export class Pool implements AsyncDisposable {
  /** Leads to the connections that are in use now. */
  readonly sql: postgres.Sql;
  readonly #connect: () => postgres.Sql;
  readonly #closed = new AbortController();
  readonly #beating: Promise<void>;
  readonly #unanswered = new Map<object, number>();
  #current: postgres.Sql;
  /** When the database last carried a statement out, by `performance.now()`. */
  #answeredAt = -Infinity;

  constructor(connect: () => postgres.Sql) {
    this.#connect = connect;
    this.#current = connect();
    this.sql = new Proxy(this.#current, {
      get: (_, name) => this.#member(name),
    });
    this.#beating = this.#beat();
  }

  /** Rejects when the database does not answer within `timeoutMs`, or lets nobody write. */
  async ping(timeoutMs: number): Promise<void> {
    const [row] = await within(
      timeoutMs,
      this.#current`select current_setting('transaction_read_only') = 'on' as "isReadOnly"`,
    );
    if (row?.['isReadOnly'] === true) throw new Error('the database is read-only');
  }

  #member(name: string | symbol): unknown {
    const current = this.#current;
    if (name === 'unsafe') {
      return (...args: Parameters<postgres.Sql['unsafe']>) => this.#noted(current.unsafe(...args));
    }
    if (name === 'begin') {
      return (work: (sql: postgres.TransactionSql) => unknown) =>
        current.begin((sql) => work(this.#heard(sql)));
    }
    return Reflect.get(current, name);
  }

  /**
   * A transaction whose statements tell that the database answers. How long one of them waits for a
   * lock is its own affair.
   */
  #heard(sql: postgres.TransactionSql): postgres.TransactionSql {
    const unsafe = (...args: Parameters<postgres.Sql['unsafe']>) => {
      const statement = sql.unsafe(...args);
      statement.then(
        () => (this.#answeredAt = performance.now()),
        () => undefined,
      );
      return statement;
    };
    return new Proxy(sql, {
      get: (_, name) => (name === 'unsafe' ? unsafe : Reflect.get(sql, name)),
    });
  }

  #noted<T extends Promise<unknown>>(statement: T): T {
    this.#unanswered.set(statement, performance.now());
    const settled = () => this.#unanswered.delete(statement);
    statement.then(() => {
      settled();
      this.#answeredAt = performance.now();
    }, settled);
    return statement;
  }

  async #beat(): Promise<void> {
    while (await this.#pause(BEAT_MS)) {
      const isThere = (await answers(this.#current)) || this.#answersOthers();
      if (!isThere || this.#hasStuck()) await this.#reconnect();
    }
  }

  /** A database with more to do than it can do at once answers late, and its connections are not lost. */
  #answersOthers(): boolean {
    return performance.now() - this.#answeredAt < BEAT_TIMEOUT_MS;
  }

  #hasStuck(): boolean {
    const [oldest] = this.#unanswered.values();
    return oldest !== undefined && performance.now() - oldest > STATEMENT_MAX_MS;
  }

  /** Meanwhile all statements fail at once, since their connections are closed. */
  async #reconnect(): Promise<void> {
    const lost = this.#current;
    await lost.end({ timeout: 0 });
    do {
      const fresh = this.#connect();
      // Drizzle has put its own parsers and serializers in place of some.
      Object.assign(fresh.options.parsers, lost.options.parsers);
      Object.assign(fresh.options.serializers, lost.options.serializers);
      if (await answers(fresh)) {
        this.#current = fresh;
        return;
      }
      void fresh.end({ timeout: 0 });
    } while (await this.#pause(RETRY_MS));
  }

  /** Resolves with false when the pool is closed meanwhile. */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#closed;
    await delay(ms, undefined, { ref: false, signal }).catch(() => undefined);
    return !signal.aborted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#beating;
    await this.#current.end({ timeout: CLOSE_TIMEOUT_S });
  }
}

async function answers(sql: postgres.Sql): Promise<boolean> {
  try {
    await within(BEAT_TIMEOUT_MS, sql`select 1`);
    return true;
  } catch {
    return false;
  }
}

async function within<T>(timeoutMs: number, answer: PromiseLike<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    // An answer that came while this process could not read it is not late.
    void afterIo().then(() => reject(new Error('the database did not answer')));
  }, timeoutMs);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
