import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DrizzleQueryError } from 'drizzle-orm';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { z } from 'zod';
import type { Database } from './client.ts';

const MIGRATIONS = fileURLToPath(new URL('../../drizzle', import.meta.url));

const Journal = z.object({ entries: z.array(z.object({ tag: z.string() })) });

/**
 * Brings the schema up to date, in one transaction; services that start together do it once.
 * Throws one sentence that names the migration.
 */
export async function migrateDatabase(database: Database, folder = MIGRATIONS): Promise<void> {
  try {
    await database.exclusively(() => migrate(database.db, { migrationsFolder: folder }));
  } catch (error) {
    const query = error instanceof DrizzleQueryError ? error.query : undefined;
    const failed = query === undefined ? undefined : await migrationOf(folder, query);
    const cause = error instanceof DrizzleQueryError ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what = failed === undefined ? 'The migration' : `Migration ${failed}`;
    throw new Error(`${what} of the database failed: ${reason}`, { cause: error });
  }
}

async function migrationOf(folder: string, query: string): Promise<string | undefined> {
  const journal = await readFile(`${folder}/meta/_journal.json`, 'utf8');
  for (const { tag } of Journal.parse(JSON.parse(journal)).entries) {
    if ((await readFile(`${folder}/${tag}.sql`, 'utf8')).includes(query)) return tag;
  }
  return undefined;
}
