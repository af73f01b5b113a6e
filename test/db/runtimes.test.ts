import { randomUUID } from 'node:crypto';
import { expect, test as base } from 'vitest';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { deleteWorkspace, findWorkspace } from '../../src/db/queries/workspaces.ts';
import { openTestDatabase } from '../support/database.ts';

const test = base
  .extend('database', { scope: 'file' }, async ({}, { onCleanup }) => {
    const database = await openTestDatabase();
    onCleanup(() => database[Symbol.asyncDispose]());
    return database;
  })
  .extend('owner', async ({ database: { db } }) => {
    const { id: organizationId } = await insertOrganization(db, randomUUID());
    const workspace = await findWorkspace(db, organizationId, 'default');
    const store = createRuntimeStore(db);
    const nodeId = randomUUID();
    const insert = (alias: string = randomUUID()) =>
      store.insert(organizationId, {
        id: randomUUID(),
        workspaceId: workspace?.id ?? '',
        nodeId,
        alias,
        kind: 'browser',
        driver: 'playwright',
        launch: { mode: 'ephemeral' },
        storageWorkspace: undefined,
      });
    return { organizationId, workspaceId: workspace?.id ?? '', nodeId, store, insert };
  });

const running = { to: 'running', defaultContextId: 'c', defaultPageId: 'p' } as const;

test('of many moves at once one wins', async ({ owner: { store, organizationId, insert } }) => {
  const { id } = await insert();
  const moved = await Promise.all(
    Array.from({ length: 20 }, () => store.move(organizationId, id, running)),
  );
  expect(moved.filter((runtime) => runtime !== undefined)).toHaveLength(1);
});

test('an illegal move changes nothing', async ({ owner }) => {
  const { store, organizationId, workspaceId, insert } = owner;
  const { id } = await insert();
  await store.move(organizationId, id, { to: 'stopped', reason: 'requested' });
  expect(await store.move(organizationId, id, running)).toBeUndefined();
  expect(await store.find(organizationId, workspaceId, id)).toMatchObject({
    state: 'stopped',
    stopReason: 'requested',
    defaultPageId: undefined,
  });
});

test("another organization's runtime cannot be moved or removed", async ({ owner }) => {
  const { id } = await owner.insert();
  expect(await owner.store.move(randomUUID(), id, running)).toBeUndefined();
  expect(await owner.store.remove(randomUUID(), id)).toBe(false);
});

test('what is over holds no ids of a browser, and its alias is free', async ({ owner }) => {
  const { store, organizationId, insert } = owner;
  const { id } = await insert('again');
  await store.move(organizationId, id, running);
  await expect(insert('again')).rejects.toMatchObject({ code: 'runtime.alias_in_use' });
  await store.move(organizationId, id, { to: 'stopping' });
  expect(
    await store.move(organizationId, id, { to: 'stopped', reason: 'requested' }),
  ).toMatchObject({
    state: 'stopped',
    currentDriver: undefined,
    defaultContextId: undefined,
    defaultPageId: undefined,
    stoppedAt: expect.any(Date),
  });
  await expect(insert('again')).resolves.toMatchObject({ state: 'launching' });
});

test('an alias means the newest runtime of it, and an id wins over an alias', async ({ owner }) => {
  const { store, organizationId, workspaceId, insert } = owner;
  const failure = { code: 'test', message: 'over' };
  const first = await insert('twice');
  await store.move(organizationId, first.id, { to: 'failed', failure });
  const second = await insert('twice');
  expect(await store.find(organizationId, workspaceId, 'twice')).toMatchObject({ id: second.id });
  const misleading = await insert(first.id);
  expect(await store.find(organizationId, workspaceId, first.id)).toMatchObject({ id: first.id });
  expect(await store.find(organizationId, workspaceId, misleading.id)).toMatchObject({
    alias: first.id,
  });
});

test('after a crash the runtimes of a node are failed, and no others', async ({ owner }) => {
  const { store, organizationId, nodeId, insert } = owner;
  const failure = { code: 'runtime.service_restarted', message: 'restarted' };
  const over = await insert();
  await store.move(organizationId, over.id, { to: 'failed', failure: { ...failure, code: 'x' } });
  await insert();
  expect(await store.failActive(randomUUID(), failure)).toBe(0);
  expect(await store.failActive(nodeId, failure)).toBe(1);
});

test('a workspace cannot be deleted under an active runtime', async ({ owner, database }) => {
  const { store, organizationId, workspaceId, insert } = owner;
  const { id } = await insert();
  const remove = () => deleteWorkspace(database.db, organizationId, workspaceId);
  expect(await remove()).toBe('has_active_runtimes');
  await store.move(organizationId, id, { to: 'failed', failure: { code: 'x', message: 'y' } });
  expect(await remove()).toBe('deleted');
});

test('a runtime cannot be in a workspace of another organization', async ({ owner, database }) => {
  const other = await insertOrganization(database.db, randomUUID());
  const theirs = await findWorkspace(database.db, other.id, 'default');
  await expect(
    owner.store.insert(owner.organizationId, {
      id: randomUUID(),
      workspaceId: theirs?.id ?? '',
      nodeId: owner.nodeId,
      alias: 'a',
      kind: 'browser',
      driver: 'selenium',
      launch: { mode: 'ephemeral' },
      storageWorkspace: undefined,
    }),
  ).rejects.toMatchObject({ code: 'workspace.not_found' });
});
