import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, test as base } from 'vitest';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { createWorkspaceStore, findWorkspace } from '../../src/db/queries/workspaces.ts';
import { reconcile } from '../../src/runtime-manager/index.ts';
import type { RunningMove } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase, openTestSecrets } from '../support/database.ts';
import { insertRecord, newRecord, RUNNING } from '../support/records.ts';

const test = base
  .extend('database', { scope: 'file' }, async ({}, { onCleanup }) => {
    const database = await openTestDatabase();
    onCleanup(() => database[Symbol.asyncDispose]());
    return database;
  })
  .extend('owner', async ({ database }) => {
    const { db } = database;
    const { id: organizationId } = await insertOrganization(db, randomUUID());
    const workspace = await findWorkspace(db, organizationId, 'default');
    const store = createRuntimeStore(database, await openTestSecrets({ db }), {
      maxRuntimesPerOrganization: 5,
    });
    const nodeId = randomUUID();
    const insert = (alias: string = randomUUID(), move?: RunningMove) =>
      insertRecord(
        store,
        organizationId,
        newRecord({ running: move, workspace: workspace?.id ?? '', nodeId, alias }),
      );
    return { organizationId, workspaceId: workspace?.id ?? '', nodeId, store, insert };
  });

test('a runtime that is inserted as running has the events of its creation and its launch', async ({
  owner: { store, organizationId, insert },
}) => {
  const life = await insert('runs', RUNNING);
  expect(life).toMatchObject({ state: 'running', defaultPageId: 'p', generation: 1 });
  expect(life.startedAt).toEqual(life.createdAt);
  expect(life.expiresAt?.getTime()).toBe(life.createdAt.getTime() + 600_000);
  const events = await store.listEvents(organizationId, life.id, { after: '0' }, 10);
  expect(events.map(({ type }) => type)).toEqual(['runtime.created', 'runtime.launched']);
});

test('one of many concurrent moves wins', async ({ owner: { store, insert } }) => {
  const life = await insert();
  const moved = await Promise.all(Array.from({ length: 20 }, () => store.move(life, RUNNING)));
  expect(moved.filter((runtime) => runtime !== undefined)).toHaveLength(1);
});

test('an illegal move changes nothing', async ({ owner }) => {
  const { store, organizationId, workspaceId, insert } = owner;
  const life = await insert();
  const { id } = life;
  await store.move(life, { to: 'stopped', reason: 'requested' });
  expect(await store.move(life, RUNNING)).toBeUndefined();
  expect(await store.find(organizationId, workspaceId, id)).toMatchObject({
    state: 'stopped',
    stopReason: 'requested',
    defaultPageId: undefined,
  });
});

test("another organization's runtime cannot be moved or removed", async ({ owner }) => {
  const life = await owner.insert();
  const { id } = life;
  expect(
    await owner.store.move({ ...life, organizationId: randomUUID() }, RUNNING),
  ).toBeUndefined();
  expect(await owner.store.remove(randomUUID(), id)).toBe(false);
});

test('a runtime that is over holds no ids of a browser, and its alias is free', async ({
  owner,
}) => {
  const { store, insert } = owner;
  const life = await insert('again');
  await store.move(life, RUNNING);
  await expect(insert('again')).rejects.toMatchObject({ code: 'runtime.alias_in_use' });
  await store.move(life, { to: 'stopping' });
  expect(await store.move(life, { to: 'stopped', reason: 'requested' })).toMatchObject({
    state: 'stopped',
    currentDriver: undefined,
    defaultContextId: undefined,
    defaultPageId: undefined,
    stoppedAt: expect.any(Date),
  });
  await expect(insert('again')).resolves.toMatchObject({ state: 'launching' });
});

test('an alias means its newest runtime, and an id wins over an alias', async ({ owner }) => {
  const { store, organizationId, workspaceId, insert } = owner;
  const failure = { code: 'runtime.lost', message: 'over' } as const;
  const first = await insert('twice');
  await store.move(first, { to: 'failed', failure });
  const second = await insert('twice');
  expect(await store.find(organizationId, workspaceId, 'twice')).toMatchObject({ id: second.id });
  const misleading = await insert(first.id);
  expect(await store.find(organizationId, workspaceId, first.id)).toMatchObject({ id: first.id });
  expect(await store.find(organizationId, workspaceId, misleading.id)).toMatchObject({
    alias: first.id,
  });
});

test('after a crash the runtimes of a node are failed, and no others', async ({ owner }) => {
  const { store, organizationId, workspaceId, nodeId, insert } = owner;
  const over = await insert();
  await store.move(over, { to: 'failed', failure: { code: 'runtime.lost', message: 'over' } });
  const { id } = await insert();
  const log = pino({ level: 'silent' });
  const codeOf = async (ref: string) =>
    (await store.find(organizationId, workspaceId, ref))?.failure?.code;
  await reconcile(store, randomUUID(), log);
  expect(await codeOf(id)).toBeUndefined();
  await reconcile(store, nodeId, log);
  expect(await codeOf(id)).toBe('runtime.service_restarted');
  expect(await codeOf(over.id)).toBe('runtime.lost');
});

test('a write of an earlier life changes nothing in a later one', async ({ owner }) => {
  const { store, nodeId, insert } = owner;
  const first = await insert();
  await store.move(first, { to: 'stopped', reason: 'idle' });
  const second = await store.revive(first, { nodeId, state: 'launching' });
  expect(second).toMatchObject({ generation: 2, state: 'launching', stopReason: undefined });
  const failure = { code: 'runtime.lost', message: 'late' } as const;
  expect(await store.move(first, { to: 'failed', failure })).toBeUndefined();
  expect(await store.revive(first, { nodeId, state: 'launching' })).toBe(undefined);
});

test('concurrent creates do not exceed the limit of the organization', async ({ owner }) => {
  const { store, nodeId, insert } = owner;
  const all = await Promise.allSettled(Array.from({ length: 12 }, () => insert()));
  const [passed, refused] = [
    all.filter(({ status }) => status === 'fulfilled'),
    all.filter(({ status }) => status === 'rejected'),
  ];
  expect(passed).toHaveLength(5);
  for (const refusal of refused) {
    expect(refusal).toMatchObject({ reason: { code: 'runtime.quota_exceeded' } });
  }
  const [one] = await store.listActive(nodeId);
  if (!one) throw new Error('none is active');
  await store.move(one, { to: 'stopped', reason: 'requested' });
  await expect(insert()).resolves.toMatchObject({ generation: 1 });
  await expect(store.revive(one, { nodeId, state: 'launching' })).rejects.toMatchObject({
    code: 'runtime.quota_exceeded',
  });
});

test('the activity of clients is recorded only for the life in which it happened', async ({
  owner,
}) => {
  const { store, insert, organizationId } = owner;
  const life = await insert();
  const started = await store.move(life, RUNNING);
  const startedMs = started?.startedAt?.getTime() ?? 0;
  expect(started?.expiresAt?.getTime()).toBe(startedMs + 600_000);
  const usage = { bytesIn: 2 ** 40, bytesOut: 2, connections: 3 };
  const activity = { lastActivityAt: new Date(startedMs + 595_000), usage };
  const find = () => store.find(organizationId, life.workspaceId, life.id);
  await store.recordActivity([{ ...life, generation: 2, ...activity }]);
  expect(await find()).toMatchObject({ lastActivityAt: started?.lastActivityAt });
  await store.recordActivity([{ ...life, ...activity }]);
  expect(await find()).toMatchObject(activity);
});

test('events are kept in order, and can be filtered', async ({ owner }) => {
  const { store, organizationId, insert } = owner;
  const life = await insert();
  await store.move(life, RUNNING);
  await store.appendEvents(
    life,
    ['a', 'b', 'c'].map((pageId) => ({ type: 'page.loaded', pageId, contextId: 'x', data: {} })),
  );
  await store.move(life, { to: 'stopped', reason: 'idle' });
  const list = (filter = {}) =>
    store.listEvents(organizationId, life.id, { after: '0', ...filter }, 100);
  const all = await list();
  expect(all.map(({ type, pageId }) => pageId ?? type)).toEqual([
    'runtime.created',
    'runtime.launched',
    'a',
    'b',
    'c',
    'runtime.stopped',
  ]);
  expect(all.at(-1)?.data).toEqual({ reason: 'idle' });
  expect(await store.lastEventId(organizationId, life.id)).toBe(all.at(-1)?.id);
  expect((await list({ after: all[3]?.id, types: ['page.loaded'] })).map((e) => e.pageId)).toEqual([
    'c',
  ]);
  expect(await list({ pageId: 'b', contextId: 'x' })).toHaveLength(1);
  expect(await store.listEvents(randomUUID(), life.id, { after: '0' }, 9)).toEqual([]);
});

test('a workspace cannot be deleted under an active runtime', async ({ owner, database }) => {
  const { store, organizationId, workspaceId, insert } = owner;
  const life = await insert();
  const remove = () => createWorkspaceStore(database.db).remove(organizationId, workspaceId);
  expect(await remove()).toBe('has_active_runtimes');
  await store.move(life, { to: 'failed', failure: { code: 'runtime.lost', message: 'y' } });
  expect(await remove()).toBe('removed');
});

test('a runtime cannot be in a workspace of another organization', async ({ owner, database }) => {
  const other = await insertOrganization(database.db, randomUUID());
  const theirs = await findWorkspace(database.db, other.id, 'default');
  await expect(
    insertRecord(
      owner.store,
      owner.organizationId,
      newRecord({ workspace: theirs?.id ?? '', nodeId: owner.nodeId }),
    ),
  ).rejects.toMatchObject({ code: 'workspace.not_found' });
});
