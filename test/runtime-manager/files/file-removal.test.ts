/** What nobody keeps goes: its content, then its row, then its bytes. */
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { FileRemoval } from '../../../src/runtime-manager/index.ts';
import type { ObjectStorage } from '../../../src/runtime-manager/index.ts';
import { KB, openFiles } from '../../support/files.ts';
import { STORAGES } from '../../support/storages.ts';

type Removing = Pick<ObjectStorage, 'delete'>;

async function openRemoval() {
  const owner = await openFiles();
  const removalOf = (storage: Removing) => {
    const { store } = owner;
    const removal = new FileRemoval({ store, storage, log: pino({ level: 'silent' }) });
    onTestFinished(() => removal[Symbol.dispose]());
    return removal;
  };
  return { ...owner, removalOf };
}

for (const [kind, open] of Object.entries(STORAGES)) {
  test(`${kind}: what nobody keeps is removed, and all else stays`, async () => {
    const storage = await open();
    const { store, organizationId, add, removalOf, rows, usedBytes } = await openRemoval();
    const [kept, removed] = [await add('kept'), await add('removed')];
    for (const { key = '' } of [kept, removed]) await storage.put(key, Readable.from(['text']));
    await store.remove(organizationId, removed.id);
    await removalOf(storage).run();
    expect(await storage.size(removed.key ?? '')).toBeUndefined();
    expect(await storage.size(kept.key ?? '')).toBe(4);
    expect(await rows()).toMatchObject([{ id: kept.id }]);
    expect(await usedBytes()).toBe(KB);
  });
}

test('two services remove hundreds at once', async () => {
  const storage = await STORAGES['a directory']();
  const { store, namespace, add, removalOf, rows, usedBytes } = await openRemoval();
  await Promise.all(Array.from({ length: 250 }, (_, nth) => add(`a ${nth}`)));
  expect(await store.removeAll(namespace.id, 500)).toBe(250);
  await Promise.all([removalOf(storage).run(), removalOf(storage).run()]);
  await removalOf(storage).run();
  expect(await rows()).toEqual([]);
  expect(await usedBytes()).toBe(0);
});

test('content that cannot be removed keeps its row, and nothing else', async () => {
  const { store, namespace, add, removalOf, rows, usedBytes } = await openRemoval();
  const [bad] = [await add('bad'), await add('good'), await add('better')];
  await store.removeAll(namespace.id, 10);
  const storage: Removing = {
    delete: async (key) => {
      if (key === bad.key) throw new Error('stays');
    },
  };
  await expect(removalOf(storage).run()).rejects.toThrow('stays');
  expect(await rows()).toMatchObject([{ id: bad.id }]);
  expect(await usedBytes()).toBe(KB);
});

test('many that cannot be removed keep no other from being removed', async () => {
  const { store, namespace, add, removalOf, rows } = await openRemoval();
  const added = await Promise.all(Array.from({ length: 230 }, (_, nth) => add(`a ${nth}`)));
  const first = added.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, 120);
  const stuck = new Set(first.map(({ key }) => key));
  await store.removeAll(namespace.id, 500);
  const storage: Removing = {
    delete: async (key) => {
      if (stuck.has(key)) throw new Error('stays');
    },
  };
  const removal = removalOf(storage);
  await expect(removal.run()).rejects.toThrow('stays');
  await expect(removal.run()).rejects.toThrow('stays');
  expect((await rows()).map(({ key }) => key ?? '').toSorted()).toEqual(
    first.map(({ key }) => key ?? '').toSorted(),
  );
});
