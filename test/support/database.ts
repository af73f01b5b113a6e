import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { inject } from 'vitest';
import { openDatabase, type Database } from '../../src/db/client.ts';
import { embeddedAddress } from '../../src/db/embedded.ts';

export const TEMPLATE = 'bctrl_template';

export async function createDatabase(dataDir: string, name: string, template?: string) {
  await using admin = await openDatabase(embeddedAddress(dataDir));
  const from = template ? sql` template ${sql.identifier(template)}` : sql``;
  await admin.db.execute(sql`create database ${sql.identifier(name)}${from}`);
}

/** A database of one's own, migrated unless it is to be empty. */
export async function openTestDatabase({ empty = false } = {}): Promise<Database> {
  const dataDir = inject('postgresDataDir');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await createDatabase(dataDir, name, empty ? undefined : TEMPLATE);
  return openDatabase({ ...embeddedAddress(dataDir), database: name });
}
