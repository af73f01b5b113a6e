/** Which files are found to differ from what is recorded of them. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { createFileRecords } from '../../../src/db/queries/file-checks.ts';
import { organizations } from '../../../src/db/schema/index.ts';
import { checkFiles } from '../../../src/runtime-manager/files/file-check.ts';
import type { StoredFile } from '../../../src/runtime-manager/runtime/index.ts';
import { content, openFiles, STOPPED } from '../../support/files.ts';
import { STORAGES } from '../../support/storages.ts';

const SIZE = 5;

async function openChecked() {
  const owner = await openFiles();
  const fileRecords = createFileRecords(owner.database.db);
  return { ...owner, fileRecords, add: (path: string) => owner.add(path, content(SIZE)) };
}

const wrongContent = ({ id, organizationId, key, sizeBytes }: StoredFile, foundBytes?: number) => ({
  id,
  organizationId,
  key,
  sizeBytes,
  foundBytes,
});

for (const [kind, open] of Object.entries(STORAGES)) {
  test(`${kind}: files without content, and with other content, are found`, async () => {
    const storage = await open();
    const owner = await openChecked();
    const { store, organizationId, runtimes, fileRecords, add, begin, startRuntime } = owner;
    const put = async (of: StoredFile, sizeBytes: number) =>
      storage.put(of.key ?? '', Readable.from([Buffer.alloc(sizeBytes)]));
    const [right, missing, short] = [await add('right'), await add('missing'), await add('short')];
    await put(right, SIZE);
    await put(short, SIZE - 1);
    // Their content may be gone, or not there yet.
    await store.remove(organizationId, (await add('removed')).id);
    const runtime = await startRuntime();
    await begin(runtime.id);
    await store.failDownload(await begin(runtime.id), 'download.canceled');
    await runtimes.move(runtime, STOPPED);

    const found = await checkFiles({ fileRecords, storage });
    expect(found).toMatchObject({ examined: 3, isComplete: true, wrong: 2, wrongBytes: [] });
    expect(found.wrongContents).toHaveLength(2);
    expect(found.wrongContents).toContainEqual(wrongContent(missing));
    expect(found.wrongContents).toContainEqual(wrongContent(short, SIZE - 1));
  });
}

test('a file that is removed while the storage is asked is not found', async () => {
  const { store, organizationId, fileRecords, add } = await openChecked();
  const { id } = await add('a');
  const storage = { size: async () => void (await store.remove(organizationId, id)) };
  const found = await checkFiles({ fileRecords, storage });
  expect(found).toMatchObject({ examined: 1, isComplete: true, wrong: 0, wrongContents: [] });
});

test('a storage that does not answer is no finding', async () => {
  const { fileRecords, add } = await openChecked();
  await add('a');
  const storage = { size: () => Promise.reject(new Error('away')) };
  const found = await checkFiles({ fileRecords, storage });
  expect(found).toMatchObject({ examined: 0, isComplete: false, wrong: 0 });
});

test('of many files the first thousand are compared, and twenty are told', async () => {
  const { store, database, organizationId, namespace, fileRecords, add } = await openChecked();
  const { key } = await add('a');
  await database.db.execute(`insert into files
    (id, organization_id, namespace_id, path, source, state, content_type, key, sha256)
    select gen_random_uuid(), '${organizationId}', '${namespace.id}', 'n ' || n, 'upload', 'stored',
      'text/plain', '${key}', 'ab' from generate_series(1, 1500) n`);
  let asked = 0;
  const storage = {
    size: async () => {
      asked++;
      return undefined;
    },
  };
  const found = await checkFiles({ fileRecords, storage });
  expect(found).toMatchObject({ examined: 1000, isComplete: false, wrong: 1000 });
  expect(found.wrongContents).toHaveLength(20);
  expect(asked).toBe(1000);
  expect(await fileRecords.findWrongBytes(1500)).toBeUndefined();
  expect(await fileRecords.findWrongBytes(1501)).toEqual([]);
  await store.removeAll(namespace.id, 1000);
});

test('numbers of bytes that are wrong are found and corrected, also while files come and go', async () => {
  const owner = await openChecked();
  const { store, database, organizationId, openOwner, fileRecords, add } = owner;
  const other = await openOwner();
  await add('stays');
  const spoil = (id: string, storageBytes: number) =>
    database.db.update(organizations).set({ storageBytes }).where(eq(organizations.id, id));
  await spoil(organizationId, 0);
  await spoil(other.organizationId, 9);
  const wrong = [
    { organizationId, countedBytes: 0, storedBytes: SIZE },
    { organizationId: other.organizationId, countedBytes: 9, storedBytes: 0 },
  ];
  const found = await fileRecords.findWrongBytes(100);
  expect(found).toHaveLength(2);
  expect(found).toEqual(expect.arrayContaining(wrong));
  await fileRecords.correctBytes();
  expect(await fileRecords.findWrongBytes(100)).toEqual([]);
  expect([await owner.usedBytes(), await owner.usedBytes(other.organizationId)]).toEqual([SIZE, 0]);

  await spoil(organizationId, 1_000_000);
  const comeAndGo = async () => {
    for (let round = 0; round < 15; round++) {
      const { id } = await add(randomUUID());
      await store.remove(organizationId, id);
      await store.forget([id]);
    }
  };
  const load = Promise.all(Array.from({ length: 6 }, comeAndGo));
  await fileRecords.correctBytes();
  await load;
  expect(await owner.usedBytes()).toBe(SIZE);
});
