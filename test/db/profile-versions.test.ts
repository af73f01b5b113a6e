import { randomUUID } from 'node:crypto';
import { expect, test as base } from 'vitest';
import { insertProfile } from '../../src/db/queries/browser-profiles.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createProfileStore } from '../../src/db/queries/profile-versions.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { findWorkspace } from '../../src/db/queries/workspaces.ts';
import { openTestDatabase, openTestSecrets } from '../support/database.ts';
import { insertRecord } from '../support/records.ts';

const test = base.extend('owner', { scope: 'file' }, async ({}, { onCleanup }) => {
  const database = await openTestDatabase();
  onCleanup(() => database[Symbol.asyncDispose]());
  const { db } = database;
  const { id: organizationId } = await insertOrganization(db, randomUUID());
  const workspaceId = (await findWorkspace(db, organizationId, 'default'))?.id ?? '';
  const secrets = await openTestSecrets({ db });
  const runtimes = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: 100 });
  const createProfile = async () => {
    const values = { name: randomUUID(), config: {}, extensionIds: [], fingerprint: {} };
    return (await insertProfile(db, secrets, organizationId, values))?.id ?? '';
  };
  const createWriter = (profileId: string) =>
    insertRecord(runtimes, organizationId, {
      id: randomUUID(),
      workspace: workspaceId,
      nodeId: randomUUID(),
      alias: randomUUID(),
      kind: 'browser',
      driver: 'playwright',
      egress: undefined,
      recording: undefined,
      launch: { mode: 'profile', profileId },
      profileId,
      writesProfile: true,
      state: 'launching',
      idleTimeoutSeconds: 60,
      maxDurationSeconds: 60,
    });
  const store = createProfileStore(db, secrets);
  return { organizationId, runtimes, store, createProfile, createWriter };
});

const archive = () => ({
  key: `profiles/x/${randomUUID()}`,
  sizeBytes: 3_000_000_000,
  sha256: 'f',
});

test('a writer that comes late makes no version current', async ({ owner }) => {
  const { organizationId, runtimes, store, createProfile, createWriter } = owner;
  const profileId = await createProfile();
  const first = await createWriter(profileId);
  const stale = await store.lease(first, profileId);
  await runtimes.move(first, { to: 'failed', failure: { code: 'runtime.lost', message: 'hung' } });
  const second = await createWriter(profileId);
  const newer = await store.lease(second, profileId);
  expect(newer?.fence).toBe((stale?.fence ?? 0) + 1);

  const add = (fence = 0) =>
    store.addVersion(organizationId, profileId, {
      kind: 'saved',
      archive: archive(),
      fence,
      runtimeId: first.id,
    });
  expect(await add(newer?.fence)).toMatchObject({ version: 1, kind: 'saved' });
  expect(await add(stale?.fence)).toMatchObject({ version: 2, kind: 'recovered' });
  expect((await store.read(organizationId, profileId))?.version).toMatchObject({
    version: 1,
    sizeBytes: 3_000_000_000,
  });
});

test('only the active writer gets the profile', async ({ owner }) => {
  const { runtimes, store, createProfile, createWriter } = owner;
  const profileId = await createProfile();
  const writer = await createWriter(profileId);
  await expect(createWriter(profileId)).rejects.toMatchObject({
    code: 'profile.in_use',
    details: { runtimeId: writer.id, alias: writer.alias },
  });
  expect(await store.lease({ ...writer, id: randomUUID() }, profileId)).toBeUndefined();
  expect(await store.lease(writer, await createProfile())).toBeUndefined();
  await runtimes.move(writer, { to: 'stopped', reason: 'requested' });
  expect(await store.lease(writer, profileId)).toBeUndefined();
});

test('concurrent versions each get a number of their own', async ({ owner }) => {
  const { organizationId, store, createProfile } = owner;
  const profileId = await createProfile();
  const made = await Promise.all(
    Array.from({ length: 10 }, () =>
      store.addVersion(organizationId, profileId, {
        kind: 'imported',
        archive: archive(),
        fence: 0,
        runtimeId: undefined,
      }),
    ),
  );
  const numbers = made.map((version) => version?.version ?? 0).toSorted((a, b) => a - b);
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a pruned version is neither current nor the newest, and checkpoints displace no others', async ({
  owner,
}) => {
  const { organizationId, store, createProfile } = owner;
  const profileId = await createProfile();
  const add = (kind: 'imported' | 'checkpoint' | 'recovered') =>
    store.addVersion(organizationId, profileId, {
      kind,
      archive: archive(),
      fence: 0,
      runtimeId: undefined,
    });
  for (const kind of ['imported', 'imported', 'recovered'] as const) await add(kind);
  for (let checkpoint = 0; checkpoint < 6; checkpoint++) await add('checkpoint');
  const young = new Date(0);
  const numbers = async (count: number, since: Date) => {
    const pruned = await store.prune(profileId, { count, since });
    return pruned.map(({ version }) => version).toSorted((a, b) => a - b);
  };
  expect(await numbers(3, young)).toEqual([4, 5, 6, 7, 8]);
  expect(await numbers(2, young)).toEqual([1]);
  expect(await numbers(2, new Date(Date.now() + 1000))).toEqual([2, 3]);
  expect((await store.read(organizationId, profileId))?.version).toMatchObject({ version: 9 });
});
