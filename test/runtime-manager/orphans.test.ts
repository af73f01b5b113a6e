import { randomUUID } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { insertProfile } from '../../src/db/queries/browser-profiles.ts';
import { createFileStore } from '../../src/db/queries/files.ts';
import { createProfileStore } from '../../src/db/queries/profile-versions.ts';
import { createStorageStore } from '../../src/db/queries/storages.ts';
import {
  openStorage,
  OrphanSweep,
  OwnedStorage,
  StorageOwner,
  type ObjectStorage,
} from '../../src/runtime-manager/index.ts';
import type { StorageStore } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase, openTestSecrets } from '../support/database.ts';
import { freshDirectory, STORAGES } from '../support/storages.ts';

const HOUR_MS = 3_600_000;
const newKey = () => `profiles/${randomUUID()}/${randomUUID()}.tar.zst`;
const newFileKey = () => `files/${randomUUID()}/${randomUUID()}`;
const put = (storage: ObjectStorage, key: string) => storage.put(key, Readable.from(['state']));

/** A database with a profile, and its knowledge of storages. */
async function openOwner() {
  const database = await openTestDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  const { db } = database;
  const { id: organizationId } = await insertOrganization(db, randomUUID());
  const secrets = await openTestSecrets({ db });
  const values = { name: 'one', config: {}, extensionIds: [], fingerprint: {} };
  const profileId = (await insertProfile(db, secrets, organizationId, values))?.id ?? '';
  const profiles = createProfileStore(db, secrets);
  const store = createStorageStore(db);
  const name = (key: string) =>
    profiles.addVersion(organizationId, profileId, {
      kind: 'saved',
      archive: { key, sizeBytes: 5, sha256: 's' },
      fence: 0,
      runtimeId: undefined,
    });
  const files = createFileStore(db);
  const { id: namespaceId } = await files.ensureNamespace(organizationId, 'main');
  /** Has a file name it, and nobody keep the file. */
  const nameInFile = async (key: string) => {
    const id = randomUUID();
    const content = { key, sizeBytes: 5, sha256: 's', contentType: 'text/plain' };
    const file = {
      id,
      organizationId,
      namespaceId,
      path: key,
      source: 'upload',
      ...content,
    } as const;
    await files.insert(file, { isReplacing: false, mostBytes: 10_000 });
    await files.remove(organizationId, id);
  };
  /** Sets back by `ms` the moment since which the storage is ours. */
  const age = (ms: number) =>
    db.execute(sql`update storages set created_at = now() - make_interval(secs => ${ms / 1000})`);
  return { db, store, name, nameInFile, age };
}

interface SweepOptions {
  graceMs?: number;
  everyMs?: number;
}

function sweepOf(storage: ObjectStorage, store: StorageStore, options: SweepOptions = {}) {
  const owner = new StorageOwner(storage, store);
  const logged: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(line) });
  const sweep = new OrphanSweep({ storage, owner, store, graceMs: 0, everyMs: 0, ...options, log });
  return { owner, logged, run: () => sweep.run() };
}

async function keysIn(storage: ObjectStorage): Promise<string[]> {
  const keys = [];
  for (const folder of ['profiles/', 'extensions/', 'jobs/', 'files/', 'others/']) {
    for await (const { key } of storage.list(folder)) keys.push(key);
  }
  return keys.toSorted();
}

for (const [kind, open] of Object.entries(STORAGES)) {
  test(`${kind}: only objects that no row names are removed`, async () => {
    const storage = await open();
    const { store, name } = await openOwner();
    const sweep = sweepOf(storage, store);
    expect(await sweep.owner.claim()).toBe('ours');
    const kept = [newKey(), 'profiles/of-others', `others/${randomUUID()}/${randomUUID()}.tar.zst`];
    for (const key of kept) await put(storage, key);
    await name(kept[0] ?? '');
    const orphans = [
      newKey(),
      newKey().replace('profiles', 'extensions'),
      newKey().replace('profiles', 'jobs'),
      newKey().replace('profiles', 'jobs').replace('.tar.', '.json.'),
      `files/${randomUUID()}/${randomUUID()}`,
    ];
    for (const key of orphans) await put(storage, key);
    await untilLater(storage);
    expect(await sweep.run()).toEqual({ removed: 5, bytes: 25 });
    expect(await keysIn(storage)).toEqual(kept.toSorted());
    expect(await sweep.run()).toEqual({ removed: 0, bytes: 0 });
  });

  test(`${kind}: the content of files stays while a row names it`, async () => {
    const storage = await open();
    const { store, nameInFile } = await openOwner();
    const sweep = sweepOf(storage, store);
    await sweep.owner.claim();
    const kept = [newFileKey(), 'files/of-others', `files/${randomUUID()}`];
    for (const key of [...kept, newFileKey(), newFileKey()]) await put(storage, key);
    await nameInFile(kept[0] ?? '');
    await untilLater(storage, 'files/');
    expect(await sweep.run()).toEqual({ removed: 2, bytes: 10 });
    expect(await keysIn(storage)).toEqual(kept.toSorted());
  });

  test(`${kind}: nothing is removed before the grace is over`, async () => {
    const storage = await open();
    const { store, age } = await openOwner();
    const sweep = sweepOf(storage, store, { graceMs: HOUR_MS });
    await sweep.owner.claim();
    await age(2 * HOUR_MS);
    await put(storage, newKey());
    expect(await sweep.run()).toEqual({ removed: 0, bytes: 0 });
    expect(await keysIn(storage)).toHaveLength(1);
  });

  test(`${kind}: nothing is removed from a storage of another database`, async () => {
    const storage = await open();
    const theirs = await openOwner();
    await sweepOf(storage, theirs.store).owner.claim();
    const key = newKey();
    await put(storage, key);
    const ours = await openOwner();
    const sweep = sweepOf(storage, ours.store);
    await untilLater(storage);
    for (let n = 0; n < 3; n++) expect(await sweep.run()).toEqual({ removed: 0, bytes: 0 });
    expect(sweep.logged).toHaveLength(1);
    expect(await sweep.owner.look()).toBe('foreign');
    // A database that has a row of the object does not delete it either.
    await new OwnedStorage(storage, sweep.owner).delete(key);
    expect(await keysIn(storage)).toEqual([key]);

    await sweep.owner.adopt();
    expect(await sweep.owner.look()).toBe('ours');
    expect(await sweepOf(storage, theirs.store).owner.look()).toBe('foreign');
    expect(await sweep.run()).toEqual({ removed: 1, bytes: 5 });
  });
}

/** Waits until a new object gets a later time than those in the storage. */
async function untilLater(storage: ObjectStorage, folder = 'profiles/'): Promise<void> {
  const latest = async (where: string) => {
    let at = 0;
    for await (const { modifiedAt } of storage.list(where)) at = Math.max(at, modifiedAt.getTime());
    return at;
  };
  const before = await latest(folder);
  await expect
    .poll(async () => {
      await put(storage, 'clock/one');
      return latest('clock/');
    })
    .toBeGreaterThan(before);
}

async function openDirectory() {
  const storage = await STORAGES['a directory']();
  return { storage, owner: await openOwner() };
}

test('the grace ends by the clock of the storage', async () => {
  const root = await freshDirectory();
  const storage = await openStorage(undefined, root);
  const { store, age } = await openOwner();
  const sweep = sweepOf(storage, store, { graceMs: HOUR_MS });
  await sweep.owner.claim();
  await age(2 * HOUR_MS);
  const [old, young] = [newKey(), newKey()];
  for (const [key, minutes] of [
    [old, 61],
    [young, 59],
  ] as const) {
    await put(storage, key);
    const at = new Date(Date.now() - minutes * 60_000);
    await utimes(join(root, key), at, at);
  }
  // A service whose clock is a year ahead removes nothing more.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8760 * HOUR_MS });
  onTestFinished(() => void vi.useRealTimers());
  expect(await sweep.run()).toMatchObject({ removed: 1 });
  expect(await keysIn(storage)).toEqual([young]);
});

test('a storage that was ours for less than the grace keeps everything', async () => {
  const { storage, owner } = await openDirectory();
  const sweep = sweepOf(storage, owner.store, { graceMs: HOUR_MS });
  await sweep.owner.claim();
  await put(storage, newKey());
  // Every object counts as old, so only the time since the claim protects it.
  const { db } = owner;
  const begun = await sweep.owner.beginSweep({ everyMs: 0, graceMs: HOUR_MS });
  expect(begun).toMatchObject({ isSettled: false });
  await db.execute(sql`update storages set created_at = now() - interval '2 hours'`);
  expect(await sweep.owner.beginSweep({ everyMs: 0, graceMs: HOUR_MS })).toMatchObject({
    isSettled: true,
  });
});

test('a copy of a database that was made before the last sweep removes nothing', async () => {
  const { storage, owner } = await openDirectory();
  const { db, store } = owner;
  const sweep = sweepOf(storage, store);
  await sweep.owner.claim();
  await sweep.run();
  const [backup] = await db.query.storages.findMany();
  // What happened after the backup: a sweep, and a version that its rows do not have.
  await sweep.run();
  await put(storage, newKey());
  await db.execute(sql`update storages
    set sweep_id = ${backup?.sweepId}, previous_sweep_id = ${backup?.previousSweepId}`);
  // The restored rows do not know the marker of the last sweep.
  await expect(sweep.owner.look()).resolves.toBe('foreign');
  await untilLater(storage);
  expect(await sweep.run()).toEqual({ removed: 0, bytes: 0 });
  expect(await keysIn(storage)).toHaveLength(1);
});

test('only one of a database and its copy, both with the marker of the backup, goes on', async () => {
  const { storage, owner } = await openDirectory();
  const copy = await openOwner();
  const sweep = sweepOf(storage, owner.store);
  await sweep.owner.claim();
  const [row] = await owner.db.query.storages.findMany();
  await copy.db.execute(
    sql`insert into storages (id, sweep_id) values (${row?.id}, ${row?.sweepId})`,
  );
  // Without the first guard: the cluster gives both databases the same id.
  const sameId = { ...copy.store, databaseId: () => owner.store.databaseId() };
  const theirs = sweepOf(storage, sameId);
  expect(await theirs.owner.look()).toBe('ours');
  await theirs.run();
  expect(await sweep.owner.look()).toBe('foreign');
  expect(await theirs.owner.look()).toBe('ours');
  // Without the second guard: the copy has the newest marker, but its id differs.
  expect(await sweepOf(storage, copy.store).owner.look()).toBe('foreign');
});

test('a sweep that broke off after its claim does not stop the next one', async () => {
  const { storage, owner } = await openDirectory();
  const sweep = sweepOf(storage, owner.store);
  await sweep.owner.claim();
  const full = { ...storage, put: () => Promise.reject(new Error('the storage is full')) };
  const broken = new StorageOwner(
    Object.assign(Object.create(storage), full, {
      get: storage.get.bind(storage),
      list: storage.list.bind(storage),
    }),
    owner.store,
  );
  await expect(broken.beginSweep({ everyMs: 0, graceMs: 0 })).rejects.toThrow('full');
  await expect(broken.beginSweep({ everyMs: 0, graceMs: 0 })).rejects.toThrow('full');
  await put(storage, newKey());
  await untilLater(storage);
  expect(await sweep.run()).toMatchObject({ removed: 1 });
});

test('a storage without a marker belongs to the database that names one of its archives', async () => {
  const { storage, owner } = await openDirectory();
  const known = newKey();
  await put(storage, known);
  const sweep = sweepOf(storage, owner.store);
  expect(await sweep.owner.look()).toBe('foreign');
  await untilLater(storage);
  expect(await sweep.run()).toEqual({ removed: 0, bytes: 0 });
  await owner.name(known);
  expect(await sweep.owner.look()).toBe('unclaimed');
  expect(await sweep.owner.claim()).toBe('ours');
});

test('a storage whose marker is damaged belongs to nobody', async () => {
  const { storage, owner } = await openDirectory();
  await storage.create('owner/database.json', '{');
  expect(await sweepOf(storage, owner.store).owner.claim()).toBe('foreign');
});

test('one of many services on a storage sweeps it, once a day', async () => {
  const { storage, owner } = await openDirectory();
  const sweeps = Array.from({ length: 5 }, () =>
    sweepOf(storage, owner.store, { everyMs: 24 * HOUR_MS }),
  );
  await sweeps[0]?.owner.claim();
  for (let n = 0; n < 20; n++) await put(storage, newKey());
  await untilLater(storage);
  const done = await Promise.all(sweeps.map((sweep) => sweep.run()));
  expect(done.map(({ removed }) => removed).filter((removed) => removed > 0)).toEqual([20]);
  expect(sweeps.flatMap(({ logged }) => logged)).toEqual([]);

  await put(storage, newKey());
  await untilLater(storage);
  expect(await sweeps[0]?.run()).toMatchObject({ removed: 0 });
  await owner.db.execute(sql`update storages set swept_at = now() - interval '25 hours'`);
  expect(await sweeps[0]?.run()).toMatchObject({ removed: 1 });
});

test('an archive that a row names between two looks is kept', async () => {
  const { storage, owner } = await openDirectory();
  const key = newKey();
  const asked: string[][] = [];
  const store: StorageStore = {
    ...owner.store,
    namedKeys: async (keys) => {
      const named = await owner.store.namedKeys(keys);
      if (asked.push([...keys]) === 1) await owner.name(key);
      return named;
    },
  };
  const sweep = sweepOf(storage, store);
  await sweep.owner.claim();
  await put(storage, key);
  await untilLater(storage);
  expect(await sweep.run()).toEqual({ removed: 0, bytes: 0 });
  expect(asked).toEqual([[key], [key]]);
});

test('a sweep ends when another database adopts the storage', async () => {
  const { storage, owner } = await openDirectory();
  const other = await openOwner();
  const store: StorageStore = {
    ...owner.store,
    namedKeys: async (keys) => {
      await new StorageOwner(storage, other.store).adopt();
      return owner.store.namedKeys(keys);
    },
  };
  const sweep = sweepOf(storage, store);
  await sweep.owner.claim();
  await put(storage, newKey());
  await untilLater(storage);
  expect(await sweep.run()).toEqual({ removed: 0, bytes: 0 });
});
