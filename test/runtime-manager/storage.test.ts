import { once } from 'node:events';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  mkdir,
  open as openFile,
  readdir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { LEFT_OUT } from '../../src/runtime-manager/machine/profiles/excluded-paths.ts';
import { packDirectory, unpackArchive } from '../../src/runtime-manager/storage/archive.ts';
import { openStorage, type ObjectStorage } from '../../src/runtime-manager/index.ts';
import { freshDirectory, STORAGES } from '../support/storages.ts';

/** Several times what may be held in memory of it. */
const STATE_BYTES = 192 * 1024 ** 2;

const read = async (storage: ObjectStorage, key: string, range?: { start: number; end: number }) =>
  Buffer.concat(await (await storage.get(key, range)).toArray());

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

  test(`${name} stores a copy of an open file, or nothing`, async () => {
    const storage = await open();
    const path = join(await freshDirectory(), 'file');
    for (const content of [Buffer.alloc(0), randomBytes(20 * 1024 ** 2)]) {
      await writeFile(path, content);
      await using file = await openFile(path);
      // Wherever others have read to.
      await file.read(Buffer.alloc(3));
      const hash = createHash('sha256');
      await storage.putFile('files/copied', file, (part) => void hash.update(part));
      expect(digest(await read(storage, 'files/copied'))).toBe(digest(content));
      expect(hash.digest('hex')).toBe(digest(content));
    }
    await using file = await openFile(path);
    const refused = storage.putFile('files/refused', file, () => {
      throw new Error('refused');
    });
    await expect(refused).rejects.toThrow('refused');
    expect(await storage.size('files/refused')).toBeUndefined();
  });

  test(`${name} creates only objects that do not exist`, async () => {
    const storage = await open();
    expect(await storage.create('owner/one', 'first')).toBe(true);
    expect(String(await read(storage, 'owner/one'))).toBe('first');
  });

  test(`${name} yields exactly the bytes of a range`, async () => {
    const directory = await freshDirectory();
    const storage = await open(directory);
    const key = `files/${randomUUID()}/${randomUUID()}`;
    // More than one chunk of a stream.
    const content = randomBytes(1024 ** 2);
    const last = content.length - 1;
    await storage.put(key, Readable.from(chunks(content)));
    for (const [start, end] of [
      [0, 0],
      [0, 99],
      [500_000, 500_000],
      [70_000, 800_000],
      [last - 99, last],
      [last, last],
      [0, last],
    ] as const) {
      const part = await read(storage, key, { start, end });
      expect(part.equals(content.subarray(start, end + 1)), `${start}-${end}`).toBe(true);
    }
    for (const [start, end] of [
      [0, last + 1],
      [last + 1, last + 1],
      [5, 4],
    ] as const) {
      await expect(storage.get(key, { start, end }), `${start}-${end}`).rejects.toThrow();
    }
    await expect.poll(() => openFilesBelow(directory)).toEqual([]);
  });

  test(`${name} tells the size of an object, and of none`, async () => {
    const storage = await open();
    const key = 'files/in/nested/folders';
    await storage.put(key, Readable.from([randomBytes(1234)]));
    expect(await storage.size(key)).toBe(1234);
    for (const missing of ['files/in/nested/none', 'files/in/nested', 'none']) {
      expect(await storage.size(missing)).toBeUndefined();
    }
    await expect(storage.get('files/none', { start: 0, end: 1 })).rejects.toMatchObject({
      code: 'storage.object_missing',
    });
  });

  test(`${name} keeps objects without content`, async () => {
    const storage = await open();
    await storage.put('files/empty', Readable.from([]));
    expect(await storage.size('files/empty')).toBe(0);
    expect(await read(storage, 'files/empty')).toHaveLength(0);
  });

  test(`${name} frees what a reader holds that reads no further`, async () => {
    const directory = await freshDirectory();
    const storage = await open(directory);
    // More than lies in the buffers of a connection.
    const content = randomBytes(20 * 1024 ** 2);
    await storage.put('files/large', Readable.from(chunks(content)));
    const streams: Readable[] = [];
    // More than the S3 client has connections.
    for (let n = 0; n < 60; n++) {
      const stream = await storage.get('files/large', { start: n, end: content.length - 1 });
      if (n % 2 === 0) await once(stream, 'readable');
      streams.push(stream.destroy());
    }
    await expect.poll(() => openFilesBelow(directory)).toEqual([]);
    expect(streams.filter((stream) => stream.readableEnded)).toEqual([]);
  });

  // The second is an upload of many parts.
  for (const sizeBytes of [6 * 1024 ** 2, 20 * 1024 ** 2]) {
    test(`${name} keeps nothing of an upload that breaks off after ${sizeBytes} bytes`, async () => {
      const directory = await freshDirectory();
      const storage = await open(directory);
      const broken = Readable.from(
        (async function* () {
          yield* chunks(randomBytes(sizeBytes));
          throw new Error('the source broke');
        })(),
      );
      await expect(storage.put('files/broken', broken)).rejects.toThrow('the source broke');
      expect(await storage.size('files/broken')).toBeUndefined();
      expect(await filesBelow(directory)).toEqual([]);
    });
  }

  test(`${name} keeps nothing of a source that is gone at once`, async () => {
    const directory = await freshDirectory();
    const storage = await open(directory);
    const gone = new Readable({ read: () => undefined });
    const stored = storage.put('files/gone', gone);
    gone.destroy(new Error('the client left'));
    await expect(stored).rejects.toThrow('the client left');
    const closed = new Readable({ read: () => undefined }).destroy();
    await expect(storage.put('files/closed', closed)).rejects.toThrow('Premature close');
    expect(await filesBelow(directory)).toEqual([]);
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

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** The files below a directory that this process has open. */
async function openFilesBelow(directory: string): Promise<string[]> {
  const open = await readdir('/proc/self/fd');
  const paths = open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(paths)).filter((path) => path.startsWith(directory));
}

function* chunks(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += 60_000) yield content.subarray(at, at + 60_000);
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
