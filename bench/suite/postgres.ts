import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database, type SocketAddress } from '../../src/db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { undoAtEnd } from './endings.ts';

/** A Postgres of one's own, as a service starts it, with an empty migrated database. */
export interface BenchPostgres extends AsyncDisposable {
  address: SocketAddress;
  database: Database;
}

export async function openPostgres(): Promise<BenchPostgres> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'bc-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  stack.use(await openEmbeddedPostgres(directory));
  const address = embeddedAddress(directory);
  const database = stack.use(await openDatabase(address));
  await migrateDatabase(database);
  const opened = stack.move();
  return { address, database, [Symbol.asyncDispose]: undoAtEnd(() => opened.disposeAsync()) };
}
