import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { freshDirectory } from './storages.ts';

const JOURNAL = 'meta/_journal.json';
const Journal = z.looseObject({ entries: z.array(z.looseObject({ tag: z.string() })) });

/** The journal of all migrations, and the name of the last one. */
export async function knownMigrations() {
  const journal = Journal.parse(JSON.parse(await readFile(join('drizzle', JOURNAL), 'utf8')));
  return { journal, newest: journal.entries.at(-1)?.tag };
}

/** A folder with the migrations that there were before the one whose name ends so. */
export async function migrationsBefore(ending: string): Promise<string> {
  const folder = await freshDirectory();
  await cp('drizzle', folder, { recursive: true });
  const { journal } = await knownMigrations();
  const at = journal.entries.findIndex(({ tag }) => tag.endsWith(ending));
  const before = { ...journal, entries: journal.entries.slice(0, at) };
  await writeFile(join(folder, JOURNAL), JSON.stringify(before));
  return folder;
}
