import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import * as schema from './schema/index.ts';

const CONNECT_TIMEOUT_S = 10;
const CLOSE_TIMEOUT_S = 5;
const RECONNECT_S = (attempt: number) => Math.min(0.05 * 2 ** attempt, 0.5);
/** The one advisory lock that services on a database share. */
const LOCK = 0x62637472;
const LOCK_TIMEOUT = '60s';

export interface SocketAddress {
  /** The directory of Postgres' unix socket. */
  socketDir: string;
  user: string;
  database: string;
}

/** Where a Postgres is: a `postgres://` URL, or its unix socket. */
export type DatabaseAddress = { url: string } | SocketAddress;

export type Db = ReturnType<typeof createDb>;

export interface Database extends AsyncDisposable {
  db: Db;
  /**
   * Commits asynchronously: for writes that a power cut may lose, and for those that one by `db`
   * follows, whose flush covers them.
   * https://www.postgresql.org/docs/current/wal-async-commit.html
   */
  unhurried: Db;
  /** Rejects when the database does not answer within `timeoutMs`. */
  ping(timeoutMs: number): Promise<void>;
  /** Runs `work` while no other service does; waits a minute for its turn. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

/** Throws one sentence that names the place, never the password, when nothing answers there. */
export async function openDatabase(address: DatabaseAddress): Promise<Database> {
  const sql = await connectTo(address);
  const unhurried = connect(address, { synchronous_commit: 'off' });
  return {
    db: createDb(sql),
    unhurried: createDb(unhurried),
    ping: (timeoutMs) => ping(sql, timeoutMs),
    exclusively: (work) => exclusively(sql, work),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([sql, unhurried].map((pool) => pool.end({ timeout: CLOSE_TIMEOUT_S })));
    },
  };
}

async function connectTo(address: DatabaseAddress): Promise<postgres.Sql> {
  let sql: postgres.Sql | undefined;
  try {
    sql = connect(address);
    await sql`select 1`;
    return sql;
  } catch (cause) {
    await sql?.end({ timeout: 0 });
    throw new Error(`Cannot reach ${nameOf(address)}: ${reasonOf(cause)}`, { cause });
  }
}

function connect(address: DatabaseAddress, connection: Record<string, string> = {}): postgres.Sql {
  const options = {
    connection,
    connect_timeout: CONNECT_TIMEOUT_S,
    // What is asked meanwhile waits for the next attempt, and so does its refusal.
    backoff: RECONNECT_S,
    onnotice: () => undefined,
  };
  if ('url' in address) return postgres(address.url, options);
  const { socketDir, user, database } = address;
  return postgres({ ...options, host: socketDir, user, database });
}

function createDb(sql: postgres.Sql) {
  return drizzle(sql, { schema, casing: 'snake_case' });
}

async function ping(sql: postgres.Sql, timeoutMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('the database did not answer')), timeoutMs);
  try {
    await Promise.race([sql`select 1`, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function exclusively<T>(sql: postgres.Sql, work: () => Promise<T>): Promise<T> {
  // A connection of its own: the lock belongs to the session that took it.
  const session = await sql.reserve();
  try {
    await session`select set_config('lock_timeout', ${LOCK_TIMEOUT}, false)`;
    await session`select pg_advisory_lock(${LOCK})`;
    try {
      return await work();
    } finally {
      await session`select pg_advisory_unlock(${LOCK})`;
    }
  } finally {
    session.release();
  }
}

function nameOf(address: DatabaseAddress): string {
  if ('socketDir' in address) return `the embedded Postgres in ${address.socketDir}`;
  const { host, pathname } = new URL(address.url);
  return `the database of DATABASE_URL (${host}${pathname})`;
}

/** Node reports several addresses that all refused as an error without a message. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(String).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
