import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { openTestDatabase } from '../support/database.ts';

test('services that start together migrate once', async () => {
  await using database = await openTestDatabase();
  await Promise.all(Array.from({ length: 5 }, () => migrateDatabase(database)));
  expect(await database.db.query.organizations.findMany()).toEqual([]);
});

test('a broken migration is named, and changes nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bctrl-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp('drizzle', folder, { recursive: true });
  const entries = [
    { idx: 1, version: '7', when: Date.now(), tag: '0001_broken', breakpoints: true },
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
