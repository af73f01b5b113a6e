/** However much a process does at once, it has no more connections to Postgres than it may. */
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openDatabase, type Database, type DatabaseAddress } from '../../src/db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import {
  createDatabase,
  openTestDatabase,
  openTestSecrets,
  TEMPLATE,
} from '../support/database.ts';
import { insertRecord, newRecord, RUNNING } from '../support/records.ts';
import { freshDirectory } from '../support/storages.ts';

const PGBOUNCER = '/usr/sbin/pgbouncer';
/** Far more than connections. */
const AT_ONCE = 60;

/** Runtimes that come and go, transactions, and looks, all at the same time. */
async function work(database: Database): Promise<void> {
  const { db } = database;
  const { id } = await insertOrganization(db, 'one');
  const secrets = await openTestSecrets(database);
  const store = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: AT_ONCE });
  const nodeId = randomUUID();
  const oneOf = async (n: number) => {
    await insertOrganization(db, `other ${n}`);
    const runtime = await insertRecord(store, id, newRecord({ nodeId, running: RUNNING }));
    await database.unhurried.execute(sql`select pg_sleep(0.01)`);
    await store.move(runtime, { to: 'stopped', reason: 'requested' });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => oneOf(n)));
  await database.ping(10_000);
  expect(await store.listActive(nodeId)).toEqual([]);
}

/** A PgBouncer that gives each client a connection of its own; resolves with where it takes them. */
async function openPgBouncer(directory: string, socketDir: string): Promise<string> {
  const port = await freePort();
  const file = join(directory, 'pgbouncer.ini');
  await writeFile(
    file,
    `[databases]
behind = host=${socketDir} dbname=behind user=bctrl
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = session
default_pool_size = 40
${process.getuid?.() === 0 ? 'user = nobody' : ''}
`,
  );
  const bouncer = spawn(PGBOUNCER, ['-q', file], { stdio: 'ignore' });
  onTestFinished(() => void bouncer.kill('SIGKILL'));
  const url = `postgres://any@127.0.0.1:${port}/behind`;
  const isUp = async () => {
    await using _database = await openDatabase({ url }, { connections: 2 });
  };
  await expect.poll(isUp).toBeUndefined();
  return url;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** How many connections to a database there are, as somebody sees who is connected to another one. */
async function countConnections(observer: DatabaseAddress, name: string): Promise<number> {
  await using database = await openDatabase(observer, { connections: 2 });
  const rows = await database.db.execute(
    sql`select pid from pg_stat_activity where datname = ${name}`,
  );
  return rows.length;
}

test.for([2, 5, 8])(
  'a process that may have %i connections has them, and no more',
  async (most) => {
    const own = embeddedAddress(inject('postgresDataDir'));
    const name = `connections_${randomBytes(6).toString('hex')}`;
    await createDatabase(inject('postgresDataDir'), name, TEMPLATE);
    await using database = await openDatabase({ ...own, database: name }, { connections: most });
    await work(database);
    // None of them ends by itself, so these are all that there were.
    expect(await countConnections(own, name)).toBe(most);
  },
);

test.skipIf(!existsSync(PGBOUNCER))(
  'behind PgBouncer all connections are of one pool',
  async () => {
    const dataDir = await freshDirectory();
    await chmod(dataDir, 0o755);
    await using _postgres = await openEmbeddedPostgres(dataDir);
    const own = embeddedAddress(dataDir);
    await createDatabase(dataDir, 'behind');
    const url = await openPgBouncer(dataDir, own.socketDir);
    await using database = await openDatabase({ url }, { connections: 6 });
    expect(database.unhurried).toBe(database.db);
    await migrateDatabase(database);
    await work(database);
    expect(await countConnections(own, 'behind')).toBe(6);
  },
);

test('a database that carries out one transaction after another is there', async () => {
  await using database = await openTestDatabase({ empty: true });
  const { db } = database;
  // More than there are connections, so that nothing else is answered for longer than a silence may be.
  const slowly = () =>
    db.transaction(async (tx) => {
      for (let n = 0; n < 12; n++) await tx.execute(sql`select pg_sleep(0.5)`);
      return 'done';
    });
  const done = await Promise.all(Array.from({ length: 20 }, slowly));
  expect(new Set(done)).toEqual(new Set(['done']));
});
