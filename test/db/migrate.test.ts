import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { MEMBER_SCOPES, SCOPES } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase } from '../support/database.ts';
import { knownMigrations, migrationsBefore } from '../support/migrations.ts';

test('services that start together migrate once', async () => {
  await using database = await openTestDatabase({ empty: true });
  const all = await Promise.all(Array.from({ length: 5 }, () => migrateDatabase(database)));
  const { newest } = await knownMigrations();
  expect(all.filter(({ from }) => from === undefined)).toEqual([{ from: undefined, to: newest }]);
  expect(all.filter(({ from }) => from === newest)).toHaveLength(4);
  expect(await database.db.query.organizations.findMany()).toEqual([]);
});

test('a broken migration is named, and changes nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bctrl-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp('drizzle', folder, { recursive: true });
  const known: unknown = JSON.parse(await readFile('drizzle/meta/_journal.json', 'utf8'));
  const entries = [
    ...z.object({ entries: z.array(z.looseObject({})) }).parse(known).entries,
    { idx: 99, version: '7', when: 4e12, tag: '0001_broken', breakpoints: true },
  ];
  const journal = { version: '7', dialect: 'postgresql', entries };
  await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify(journal));
  await writeFile(
    join(folder, '0001_broken.sql'),
    'DROP TABLE api_keys;--> statement-breakpoint\nALTER TABLE nowhere ADD x int;',
  );
  await using database = await openTestDatabase();
  await expect(migrateDatabase(database, folder)).rejects.toThrow(
    'Migration 0001_broken of the database failed: relation "nowhere" does not exist',
  );
  expect(await database.db.query.apiKeys.findMany()).toEqual([]);
});

test('a database of a newer version is refused, and the error says so', async () => {
  await using database = await openTestDatabase();
  await database.db.execute(
    sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of tomorrow', 4000000000000)`,
  );
  await expect(migrateDatabase(database)).rejects.toThrow(
    /^The database was written by a newer version of bctrl: this one does not know 1 of its migrations\./,
  );
});

test('keys from before scopes existed keep their rights', async () => {
  const folder = await migrationsBefore('_api_key_scopes');
  await using database = await openTestDatabase({ empty: true });
  await migrateDatabase(database, folder);
  await database.db
    .execute(sql`with o as (insert into organizations (name) values ('o') returning id)
    insert into api_keys (organization_id, name, hint, hash, is_admin)
    select o.id, 'key ' || admin, 'h', admin::text, admin from o, (values (true), (false)) a(admin)`);
  await migrateDatabase(database);
  const keys = await database.db.query.apiKeys.findMany();
  const sorted = keys.map(({ name, scopes }) => [name, scopes.toSorted()]);
  expect(Object.fromEntries(sorted)).toEqual({
    'key true': SCOPES.toSorted(),
    'key false': MEMBER_SCOPES.toSorted(),
  });
  expect(keys.map(({ workspaceIds }) => workspaceIds)).toEqual([null, null]);
});
