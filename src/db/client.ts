import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { Commits } from './commits.ts';
import { Pool } from './pool.ts';
import * as schema from './schema/index.ts';

const POSTGRES_PORT = 5432;
const CONNECT_TIMEOUT_S = 10;
/** The system probes a connection that carried nothing for so long. */
const KEEP_ALIVE_S = 5;
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
  readonly address: DatabaseAddress;
  db: Db;
  /**
   * Commits asynchronously, where the database can: for writes that a power cut may lose, and for
   * writes that another one through `db` follows, whose flush covers them.
   * https://www.postgresql.org/docs/current/wal-async-commit.html
   */
  unhurried: Db;
  /** Carries a write out, and resolves once it is on disk; costs little for writes that come together. */
  durably<T>(write: (db: Db) => Promise<T>): Promise<T>;
  /** Rejects when the database does not answer on every pool within `timeoutMs`, or is read-only. */
  ping(timeoutMs: number): Promise<void>;
  /** Runs `work` while no other service runs its own, however long it takes; waits a minute for its turn. */
  exclusively<T>(work: (db: Db) => Promise<T>): Promise<T>;
}

/**
 * Throws one sentence that names the place, never the password, when nothing answers there.
 * `connections`: how many there are at most, two at least; `exclusively` has two of its own.
 */
export async function openDatabase(
  address: DatabaseAddress,
  { connections = 20 }: { connections?: number } = {},
): Promise<Database> {
  const isPooled = await isBehindPooler(address);
  // A pooler gives each statement another session, so no session keeps a setting or a prepared
  // statement.
  const open = (max: number, connection = {}) =>
    new Pool(() => connect(address, { max, prepare: !isPooled, connection }));
  const half = Math.floor(connections / 2);
  const pools = isPooled
    ? [open(connections)]
    : [open(connections - half), open(half, { synchronous_commit: 'off' })];
  const [db, unhurried = db] = pools.map(({ sql }) => createDb(sql));
  if (!db || !unhurried) throw new Error('there is no pool');
  const commits = new Commits({ db, unhurried });
  return {
    address,
    db,
    unhurried,
    durably: (write) => commits.durably(write),
    ping: async (timeoutMs) => {
      await Promise.all(pools.map((one) => one.ping(timeoutMs)));
    },
    exclusively: (work) => exclusively(address, isPooled, work),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(pools.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

/**
 * Whether something like PgBouncer is in between, which gives its clients numbers of its own for
 * their sessions.
 */
async function isBehindPooler(address: DatabaseAddress): Promise<boolean> {
  const sql = connect(address, { max: 1, prepare: false });
  try {
    const asked = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    return asked[0]?.pid !== asked.state.pid;
  } catch (cause) {
    throw new Error(`Cannot reach ${nameOf(address)}: ${reasonOf(cause)}`, { cause });
  } finally {
    await sql.end({ timeout: 0 });
  }
}

type Options = postgres.Options<Record<string, never>>;

function connect(address: DatabaseAddress, given: Options): postgres.Sql {
  const options = {
    ...given,
    connect_timeout: CONNECT_TIMEOUT_S,
    keep_alive: KEEP_ALIVE_S,
    // Drizzle reads arrays. The driver would ask each connection about them first, and when the
    // connection is lost meanwhile, the failure is nobody's and ends the process.
    fetch_types: false,
    // Statements wait for the next attempt, and so does their refusal.
    backoff: RECONNECT_S,
    onnotice: () => undefined,
  };
  if ('url' in address) return postgres(address.url, { ...options, ...placeOf(address.url) });
  const { socketDir, user, database } = address;
  return postgres({ ...options, host: socketDir, port: POSTGRES_PORT, user, database });
}

/**
 * The driver cuts an IPv6 address at its first colon, unless the address is in a list, which the
 * driver's types do not know; and it takes the directory of a socket only when it is not encoded.
 */
function placeOf(url: string): object {
  const { hostname, port } = new URL(url);
  if (hostname.startsWith('[')) {
    return { host: [hostname.slice(1, -1)], port: [Number(port || POSTGRES_PORT)] };
  }
  const host = decodeURIComponent(hostname);
  return host.startsWith('/') ? { host } : {};
}

function createDb(sql: postgres.Sql) {
  return drizzle(sql, { schema, casing: 'snake_case' });
}

/** Uses connections of its own: the lock belongs to a transaction, and the work may take its time. */
async function exclusively<T>(
  address: DatabaseAddress,
  isPooled: boolean,
  work: (db: Db) => Promise<T>,
): Promise<T> {
  const sql = connect(address, { max: 2, prepare: !isPooled });
  try {
    const done = await sql.begin(async (transaction) => {
      await transaction`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`;
      await transaction`select pg_advisory_xact_lock(${LOCK})`;
      return { result: await work(createDb(sql)) };
    });
    return done.result;
  } finally {
    await sql.end({ timeout: CLOSE_TIMEOUT_S });
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
