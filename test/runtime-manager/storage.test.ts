import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, open as openFile, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { LEFT_OUT } from '../../src/runtime-manager/machine/profiles/excluded-paths.ts';
import { packDirectory, unpackArchive } from '../../src/runtime-manager/storage/archive.ts';
import { openStorage, type ObjectStorage } from '../../src/runtime-manager/index.ts';
import { freshDirectory, STORAGES } from '../support/storages.ts';

/** Several times what may be held in memory of it. */
const STATE_BYTES = 192 * 1024 ** 2;

const read = async (storage: ObjectStorage, key: string) =>
  Buffer.concat(await (await storage.get(key)).toArray());

for (const [name, open] of Object.entries(STORAGES)) {
  test(`${name} keeps, copies, lists and deletes objects`, async () => {
    const storage = await open();
    const key = `profiles/${randomUUID()}/one.tar.zst`;
    // More than one part of an upload.
    const content = randomBytes(20 * 1024 ** 2);
    await storage.put(key, Readable.from(chunks(content)));
    expect(digest(await read(storage, key))).toBe(digest(content));
    await storage.copy(key, 'profiles/copy');
    expect(digest(await read(storage, 'profiles/copy'))).toBe(digest(content));
    const keys = [];
    const sizes = new Set();
    for await (const object of storage.list('profiles/')) {
      expect(Date.now() - object.modifiedAt.getTime()).toBeLessThan(60_000);
      keys.push(object.key);
      sizes.add(object.sizeBytes);
    }
    expect(keys.toSorted()).toEqual([key, 'profiles/copy'].toSorted());
    expect([...sizes]).toEqual([content.length]);
    await storage.delete(key);
    await storage.delete(key);
    await expect(storage.get(key)).rejects.toMatchObject({ code: 'storage.object_missing' });
  });

  test(`${name} creates only objects that do not exist`, async () => {
    const storage = await open();
    expect(await storage.create('owner/one', 'first')).toBe(true);
    expect(String(await read(storage, 'owner/one'))).toBe('first');
  });

  test(`${name} keeps nothing of an upload that breaks off`, async () => {
    const storage = await open();
    const broken = Readable.from(
      (async function* () {
        yield randomBytes(6 * 1024 ** 2);
        throw new Error('the source broke');
      })(),
    );
    await expect(storage.put('profiles/broken', broken)).rejects.toThrow('the source broke');
    await expect(storage.get('profiles/broken')).rejects.toMatchObject({
      code: 'storage.object_missing',
    });
  });

  test(`${name} returns state as it was, without caches and locks`, async () => {
    const storage = await open();
    const from = await freshDirectory();
    const to = join(await freshDirectory(), 'data');
    const state = randomBytes(100_000);
    for (const path of ['Default/Cache', 'Default/Local Storage', 'ShaderCache']) {
      await mkdir(join(from, path), { recursive: true });
      await writeFile(join(from, path, 'file'), state);
    }
    await symlink('elsewhere', join(from, 'SingletonLock'));
    const packed = await packDirectory(from, { leftOut: LEFT_OUT }, (content) =>
      storage.put('profiles/state', content),
    );
    expect(await unpackArchive(await storage.get('profiles/state'), to)).toBe(packed.sha256);
    expect((await readdir(to, { recursive: true })).toSorted()).toEqual([
      'Default',
      'Default/Local Storage',
      'Default/Local Storage/file',
    ]);
    expect(await readFile(join(to, 'Default/Local Storage/file'))).toEqual(state);
  });
}

test('only one of many creators of an object in a directory succeeds, and no empty folder is left', async () => {
  const root = await freshDirectory();
  const storage = await openStorage(undefined, root);
  const created = Array.from({ length: 20 }, (_, n) => storage.create('owner/one', String(n)));
  const won = (await Promise.all(created)).indexOf(true);
  expect(String(await read(storage, 'owner/one'))).toBe(String(won));
  // A folder is removed with its last object, while others are put there.
  const turns = Array.from({ length: 200 }, async (_, n) => {
    await storage.put(`profiles/one/${n}`, Readable.from(['x']));
    await storage.delete(`profiles/one/${n}`);
  });
  await Promise.all(turns);
  expect(await readdir(join(root, 'profiles'))).toEqual([]);
});

test('small archives are unpacked however fast tar is', async () => {
  const from = await freshDirectory();
  await writeFile(join(from, 'one'), '1');
  const storage = await openStorage(undefined, await freshDirectory());
  const packed = await packDirectory(from, {}, (content) => storage.put('small', content));
  const to = await freshDirectory();
  const unpacked = Array.from({ length: 60 }, async (_, i) =>
    unpackArchive(await storage.get('small'), join(to, String(i))),
  );
  expect(new Set(await Promise.all(unpacked))).toEqual(new Set([packed.sha256]));
});

test('large state is streamed, and memory stays small', async () => {
  const storage = await STORAGES['a directory']();
  const from = await freshDirectory();
  const to = join(await freshDirectory(), 'data');
  const file = await openFile(join(from, 'large'), 'w');
  const block = randomBytes(64 * 1024 ** 2);
  for (let written = 0; written < STATE_BYTES; written += block.length) await file.write(block);
  await file.close();
  let most = 0;
  const before = process.memoryUsage().rss;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss - before);
  }, 50);
  onTestFinished(() => clearInterval(watch));
  const packed = await packDirectory(from, { leftOut: LEFT_OUT }, (content) =>
    storage.put('profiles/large', content),
  );
  expect(packed.sizeBytes).toBeGreaterThan(64 * 1024 ** 2);
  expect(await unpackArchive(await storage.get('profiles/large'), to)).toBe(packed.sha256);
  expect(most).toBeLessThan(STATE_BYTES / 2);
});

function* chunks(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += 60_000) yield content.subarray(at, at + 60_000);
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
