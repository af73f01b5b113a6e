import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { DrizzleQueryError, sql } from 'drizzle-orm';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { z } from 'zod';
import type { Database, Db } from './client.ts';

const MIGRATIONS = join(dirname(findPackageJSON(import.meta.url) ?? ''), 'drizzle');

const Journal = z.object({ entries: z.array(z.object({ tag: z.string(), when: z.number() })) });
type Journal = z.infer<typeof Journal>;

/** From which migration to which a schema was brought, by their names; undefined for an empty one. */
export interface Migrated {
  from: string | undefined;
  to: string | undefined;
}

/** The schema is newer than this version. */
class NewerDatabase extends Error {}

/**
 * Brings the schema up to date, in one transaction; services that start together do it once.
 * Throws one sentence, which names the migration that failed, or says that the database is newer.
 */
export async function migrateDatabase(database: Database, folder = MIGRATIONS): Promise<Migrated> {
  try {
    return await database.exclusively(async (db) => {
      const journal = await readJournal(folder);
      const from = await lastApplied(db, journal);
      await migrate(db, { migrationsFolder: folder });
      return { from, to: journal.entries.at(-1)?.tag };
    });
  } catch (error) {
    if (error instanceof NewerDatabase) throw error;
    const query = error instanceof DrizzleQueryError ? error.query : undefined;
    const failed = query === undefined ? undefined : await migrationOf(folder, query);
    const cause = error instanceof DrizzleQueryError ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what = failed === undefined ? 'The migration' : `Migration ${failed}`;
    throw new Error(`${what} of the database failed: ${reason}`, { cause: error });
  }
}

/**
 * The name of the migration that the schema is at; undefined when the database is empty. Throws for
 * a schema of a newer version, since this version would misread or spoil what that one wrote.
 */
async function lastApplied(db: Db, { entries }: Journal): Promise<string | undefined> {
  const [{ exists } = { exists: null }] = await db.execute<{ exists: string | null }>(
    sql`select to_regclass('drizzle.__drizzle_migrations')::text as exists`,
  );
  if (exists === null) return undefined;
  const applied = await db.execute<{ at: string }>(
    sql`select created_at as at from drizzle.__drizzle_migrations`,
  );
  const times = new Set(applied.map(({ at }) => Number(at)));
  const known = entries.filter(({ when }) => times.has(when));
  if (known.length === times.size) return known.at(-1)?.tag;
  throw new NewerDatabase(
    `The database was written by a newer version of bctrl: this one does not know ${times.size - known.length} of its migrations. Run that version, or restore a backup that was made before it.`,
  );
}

async function readJournal(folder: string): Promise<Journal> {
  return Journal.parse(JSON.parse(await readFile(`${folder}/meta/_journal.json`, 'utf8')));
}

async function migrationOf(folder: string, query: string): Promise<string | undefined> {
  for (const { tag } of (await readJournal(folder)).entries) {
    if ((await readFile(`${folder}/${tag}.sql`, 'utf8')).includes(query)) return tag;
  }
  return undefined;
}
