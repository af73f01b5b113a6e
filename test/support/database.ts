import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { inject } from 'vitest';
import { openDatabase, type Database } from '../../src/db/client.ts';
import { embeddedAddress } from '../../src/db/embedded.ts';
import { Sealing } from '../../src/db/sealing.ts';

export const TEMPLATE = 'bctrl_template';

export async function createDatabase(
  dataDir: string,
  name: string,
  template = 'template1',
): Promise<void> {
  const { socketDir: host, user, database } = embeddedAddress(dataDir);
  const sql = postgres({ host, user, database, max: 1 });
  // Where nothing is flushed to disk it takes half as long as the other one.
  await sql`create database ${sql(name)} template ${sql(template)} strategy file_copy`;
  await sql.end();
}

/** Gives a data directory the Postgres of another one, which is shut down. */
export async function copyCluster(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await promisify(execFile)('cp', ['-a', join(from, 'postgres'), to]);
}

let secrets: Promise<Sealing> | undefined;

/**
 * What seals secrets in tests that are about something else: one for all databases, since a key
 * takes a tenth of a second to derive.
 */
export function openTestSecrets({ db }: Pick<Database, 'db'>): Promise<Sealing> {
  secrets ??= Sealing.open(db, 'a key for tests');
  return secrets;
}

/** A database of one's own, migrated unless it is to be empty. */
export async function openTestDatabase({ empty = false } = {}): Promise<Database> {
  const dataDir = inject('postgresDataDir');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await createDatabase(dataDir, name, empty ? undefined : TEMPLATE);
  return openDatabase({ ...embeddedAddress(dataDir), database: name });
}
