/** Which files a prefix and a folder show, whatever their paths consist of. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, inject, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { embeddedAddress } from '../../src/db/embedded.ts';
import { createFileStore } from '../../src/db/queries/files.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import type { FileEntry, FileRange } from '../../src/runtime-manager/runtime/index.ts';
import { createDatabase, TEMPLATE } from '../support/database.ts';
import { openFiles } from '../support/files.ts';
import { isLong, openExplained } from '../support/query-plans.ts';

const HOSTILE = [
  '%',
  '%/a',
  '_',
  '_/b',
  "'; drop table files; --",
  '.*/x',
  '[a-z]+',
  '(/x',
  '$1',
  '{}',
  '"',
  'a b/c',
  'é',
  'e\u0301',
  'ß/straße',
  '日本/語',
  '😀',
  '😀/a',
  '\u{10FFFE}',
  '\u{10FFFE}/\u{10FFFE}',
  '\uFFFD/x',
  '\uE000',
  '~',
];
const TREE = [
  'a',
  'a.txt',
  'a/b',
  'a/b/c',
  'a/b/c/d',
  'a/b/c/d/e',
  'a/c',
  'ab/c',
  'b/x/y/z',
  'c',
  '~',
];

const byBytes = (one: string, other: string) =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

function nameOf(entry: FileEntry): string {
  return 'folder' in entry ? entry.folder : entry.file.path;
}

/** What a folder has to show. */
function childrenOf(paths: readonly string[], prefix: string): string[] {
  const children = paths
    .filter((path) => path.startsWith(prefix))
    .map((path) => {
      const slash = path.indexOf('/', prefix.length);
      return slash === -1 ? path : path.slice(0, slash + 1);
    });
  return [...new Set(children)].toSorted(byBytes);
}

/** All of it, in pages of so many. */
async function pages<T>(
  list: (range: FileRange) => Promise<T[]>,
  prefix: string,
  { limit, nameOf: name }: { limit: number; nameOf: (one: T) => string },
): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const page = await list({ prefix, after: found.at(-1), limit });
    expect(page.length).toBeLessThanOrEqual(limit);
    found.push(...page.map(name));
    if (page.length < limit) return found;
  }
}

test.for([
  ['a deep tree', TREE],
  ['hostile paths', HOSTILE],
] as const)('%s is listed by prefixes and folders, cut anywhere', async ([, paths]) => {
  const { store, namespace, organizationId, add } = await openFiles();
  for (const path of paths.toReversed()) await add(path);
  const neighbour = await store.ensureNamespace(organizationId, 'neighbour');
  await add('a/neighbour', { namespaceId: neighbour.id });
  const list = (range: FileRange) => store.list(namespace.id, range);
  const listFolder = (range: FileRange) => store.listFolder(namespace.id, range);
  const beginnings = paths.flatMap((path) => {
    const characters = Array.from(path);
    return characters.map((_, at) => characters.slice(0, at + 1).join(''));
  });
  const prefixes = new Set(['', ...beginnings, ...paths.map((path) => `${path}/`), 'nothing', '.']);
  for (const prefix of prefixes) {
    const below = paths.filter((path) => path.startsWith(prefix)).toSorted(byBytes);
    const children = childrenOf(paths, prefix);
    for (const limit of [1, 3]) {
      const whole = await pages(list, prefix, { limit, nameOf: ({ path }) => path });
      expect(whole).toEqual(below);
      expect(await pages(listFolder, prefix, { limit, nameOf })).toEqual(children);
    }
  }
});

test('every single path is found as it is, and no other', async () => {
  const { store, namespace, add } = await openFiles();
  for (const path of HOSTILE) await add(path);
  for (const path of HOSTILE) {
    expect((await store.findByPath(namespace.id, path))?.path).toBe(path);
  }
  for (const path of ['%%', '__', 'E', 'É', 'a']) {
    expect(await store.findByPath(namespace.id, path)).toBeUndefined();
  }
});

test('a listing goes on behind what is gone by then', async () => {
  const { store, organizationId, namespace, add } = await openFiles();
  for (const path of ['a', 'b/1', 'c', 'd']) await add(path);
  const [first] = await store.list(namespace.id, { prefix: '', after: undefined, limit: 1 });
  await store.remove(organizationId, first?.id ?? '');
  const after = { prefix: '', after: 'a', limit: 9 };
  expect((await store.listFolder(namespace.id, after)).map(nameOf)).toEqual(['b/', 'c', 'd']);
  const behindFolder = { ...after, after: 'b/' };
  expect((await store.listFolder(namespace.id, behindFolder)).map(nameOf)).toEqual(['c', 'd']);
});

test('pages of ten thousand files in twenty folders look at what they show', async () => {
  const dataDir = inject('postgresDataDir');
  const address = { ...embeddedAddress(dataDir), database: `listed_${randomUUID()}` };
  await createDatabase(dataDir, address.database, TEMPLATE);
  const namespaceId = await fill();
  await using explained = openExplained(address, {});
  const { db, statements } = explained;
  const store = createFileStore(db);
  const list = (range: FileRange) => store.list(namespaceId, range);
  const listFolder = (range: FileRange) => store.listFolder(namespaceId, range);
  const shown = await pages(list, '', { limit: 100, nameOf: ({ path }) => path });
  expect(shown).toHaveLength(10_000);
  expect(await pages(listFolder, '', { limit: 100, nameOf })).toHaveLength(20);
  const inFolder = await pages(listFolder, 'folder 07/', { limit: 100, nameOf });
  expect(inFolder).toEqual(shown.filter((path) => path.startsWith('folder 07/')));
  expect(statements.length).toBeGreaterThan(100);
  expect(statements.flatMap(({ reads }) => reads.filter(isLong))).toEqual([]);

  async function fill() {
    await using database = await openDatabase(address);
    const { id } = await insertOrganization(database.db, 'one');
    const made = await createFileStore(database.db).ensureNamespace(id, 'main');
    await database.db.execute(sql`
      insert into files (id, organization_id, namespace_id, path, source, state, content_type, key, sha256)
      select gen_random_uuid(), ${id}, ${made.id},
        'folder ' || lpad((n % 20)::text, 2, '0') || '/file ' || n, 'upload', 'stored', 'text/plain',
        'key ' || n, 'ab' from generate_series(1, 10000) n`);
    await database.db.execute(sql`analyze`);
    return made.id;
  }
});
