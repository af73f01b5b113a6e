/** Downloads, from their beginning until nobody keeps them any more. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { createRetentionStore } from '../../src/db/queries/retention.ts';
import { createWorkspaceStore } from '../../src/db/queries/workspaces.ts';
import { content, fileOf, KB, openFiles, ROOM, STOPPED } from '../support/files.ts';

const PAGE = { limit: 10, cursor: undefined };
const KEPT = { namespaceId: undefined, path: 'report.pdf', mostBytes: ROOM };

test('a download arrives, and its runtime keeps it', async () => {
  const { store, organizationId, openOwner, begin, startRuntime, usedBytes } = await openFiles();
  const { id: runtimeId } = await startRuntime();
  const id = await begin(runtimeId);
  const arriving = {
    id,
    organizationId,
    runtimeId,
    namespaceId: undefined,
    path: 'report.pdf',
    source: 'download',
    state: 'arriving',
    sizeBytes: 0,
    contentType: 'text/plain',
    url: 'http://example.test/report',
    key: undefined,
    sha256: undefined,
    failure: undefined,
    createdAt: expect.any(Date),
    storedAt: undefined,
  };
  expect(await store.find(organizationId, id)).toEqual(arriving);
  expect(await store.remove(organizationId, id)).toBe(false);
  expect(await usedBytes()).toBe(0);

  const arrived = { ...content(), contentType: 'application/pdf' };
  const stored = { ...arriving, ...arrived, state: 'stored', storedAt: expect.any(Date) };
  expect(await store.finishDownload(id, arrived, KEPT)).toEqual(stored);
  expect(await store.find(organizationId, id)).toEqual(stored);
  expect((await store.listOfRuntime(organizationId, runtimeId, PAGE)).items).toEqual([stored]);
  expect(await usedBytes()).toBe(KB);
  expect(await store.listUnkept(10)).toEqual([]);

  const { organizationId: otherId } = await openOwner();
  expect(await store.find(otherId, id)).toBeUndefined();
  expect((await store.listOfRuntime(otherId, runtimeId, PAGE)).items).toEqual([]);
  expect(await store.remove(otherId, id)).toBe(false);

  expect(await store.remove(organizationId, id)).toBe(true);
  expect(await store.find(organizationId, id)).toBeUndefined();
  expect((await store.listOfRuntime(organizationId, runtimeId, PAGE)).items).toEqual([]);
  expect(await store.listUnkept(10)).toEqual([{ id, key: arrived.key }]);
});

test('a download into a namespace is a file there, and still of its runtime', async () => {
  const { store, organizationId, namespace, begin, startRuntime } = await openFiles();
  const { id: runtimeId } = await startRuntime();
  const to = { namespaceId: namespace.id, path: 'daily/report.pdf', mostBytes: ROOM };
  const made = fileOf(await store.finishDownload(await begin(runtimeId), content(), to));
  expect(made).toMatchObject({ namespaceId: namespace.id, runtimeId, path: to.path });
  expect(await store.findByPath(namespace.id, to.path)).toEqual(made);
  expect((await store.listOfRuntime(organizationId, runtimeId, PAGE)).items).toEqual([made]);
});

test('a download that finds no room is not stored, and can fail', async () => {
  const { store, organizationId, begin, startRuntime, limit, usedBytes } = await openFiles();
  await limit(KB - 1);
  const { id: runtimeId } = await startRuntime();
  const id = await begin(runtimeId);
  expect(await store.finishDownload(id, content(), KEPT)).toBe('quota_exceeded');
  expect(await store.find(organizationId, id)).toMatchObject({ state: 'arriving' });
  await store.failDownload(id, 'storage.quota_exceeded');
  const failed = { state: 'failed', failure: 'storage.quota_exceeded', key: undefined };
  expect(await store.find(organizationId, id)).toMatchObject(failed);
  // Neither fails again nor arrives.
  await store.failDownload(id, 'download.canceled');
  await limit(KB);
  expect(await store.finishDownload(id, content(), KEPT)).toBeUndefined();
  expect(await store.find(organizationId, id)).toMatchObject(failed);
  expect(await usedBytes()).toBe(0);
  expect(await store.remove(organizationId, id)).toBe(true);
  expect(await store.listUnkept(10)).toEqual([{ id, key: undefined }]);
  await store.forget([id]);
  expect(await store.listUnkept(10)).toEqual([]);
});

test('what arrived on a node whose process ended has failed, and nothing else', async () => {
  const { store, organizationId, nodeId, begin, startRuntime } = await openFiles();
  const { id: runtimeId } = await startRuntime();
  const [arriving, stored, canceled] = [
    await begin(runtimeId),
    await begin(runtimeId),
    await begin(runtimeId),
  ];
  await store.finishDownload(stored, content(), KEPT);
  await store.failDownload(canceled, 'download.canceled');
  await store.failArriving(randomUUID());
  const what = async (id: string) => {
    const { state, failure } = (await store.find(organizationId, id)) ?? {};
    return [state, failure];
  };
  expect(await what(arriving)).toEqual(['arriving', undefined]);
  await store.failArriving(nodeId);
  expect(await what(arriving)).toEqual(['failed', 'download.cut_off']);
  expect(await what(stored)).toEqual(['stored', undefined]);
  expect(await what(canceled)).toEqual(['failed', 'download.canceled']);
});

test('nothing begins for a runtime without a record, or of another organization', async () => {
  const { store, runtimes, organizationId, openOwner, begin, startRuntime, rows, nodeId } =
    await openFiles();
  const runtime = await startRuntime();
  const { organizationId: otherId } = await openOwner();
  const about = { contentType: 'text/plain', url: undefined, path: 'a', nodeId };
  const id = randomUUID();
  await store.beginDownload({ ...about, id, organizationId: otherId, runtimeId: runtime.id });
  await runtimes.move(runtime, STOPPED);
  await runtimes.remove(organizationId, runtime.id);
  const late = await begin(runtime.id);
  expect(await rows()).toEqual([]);
  expect(await store.finishDownload(late, content(), KEPT)).toBeUndefined();
  expect(await store.finishDownload(id, content(), KEPT)).toBeUndefined();
});

test('the namespace is gone: the runtime keeps the download', async () => {
  const { store, organizationId, namespace, begin, startRuntime } = await openFiles();
  const { id: runtimeId } = await startRuntime();
  const id = await begin(runtimeId);
  await store.removeNamespace(organizationId, namespace.id);
  const to = { namespaceId: namespace.id, path: 'daily/report.pdf', mostBytes: ROOM };
  const made = fileOf(await store.finishDownload(id, content(), to));
  expect(made).toMatchObject({ namespaceId: undefined, path: 'daily/report.pdf' });
  expect(await store.find(organizationId, id)).toEqual(made);
});

test('a kept file can be moved into a namespace, once', async () => {
  const { store, runtimes, organizationId, namespace, begin, startRuntime, add } =
    await openFiles();
  const runtime = await startRuntime();
  const id = await begin(runtime.id);
  const to = { namespaceId: namespace.id, path: 'kept.pdf' };
  expect(await store.move(organizationId, id, to)).toBe('absent');
  await store.finishDownload(id, content(), KEPT);
  await add('taken');
  expect(await store.move(organizationId, id, { ...to, path: 'taken' })).toBe('path_in_use');
  expect(await store.move(organizationId, id, to)).toMatchObject({ id, ...to });
  await runtimes.move(runtime, STOPPED);
  await runtimes.remove(organizationId, runtime.id);
  expect(await store.find(organizationId, id)).toMatchObject({ ...to, runtimeId: runtime.id });
});

test('the hundred and first namesake has its id', async () => {
  const { store, namespace, begin, startRuntime, add } = await openFiles();
  const { id: runtimeId } = await startRuntime();
  await add('a.txt');
  await Promise.all(Array.from({ length: 100 }, (_, nth) => add(`a (${nth + 1}).txt`)));
  const id = await begin(runtimeId);
  const to = { namespaceId: namespace.id, path: 'a.txt', mostBytes: ROOM };
  expect(await store.finishDownload(id, content(), to)).toMatchObject({ path: `a (${id}).txt` });
});

test('the files of a runtime are listed newest first, page by page', async () => {
  const { store, organizationId, namespace, begin, startRuntime } = await openFiles();
  const [one, other] = [await startRuntime(), await startRuntime()];
  const ids: string[] = [];
  for (let nth = 0; nth < 5; nth++) {
    ids.push(await begin(one.id));
    await begin(other.id);
  }
  const to = { namespaceId: namespace.id, path: 'a', mostBytes: ROOM };
  await store.finishDownload(ids[2] ?? '', content(), to);
  const listed: string[] = [];
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await store.listOfRuntime(organizationId, one.id, { limit: 2, cursor });
    listed.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  expect(listed.toSorted()).toEqual(ids.toSorted());
});

/** How the records of runtimes go. */
const WAYS = {
  'is deleted': async ({ runtimes, organizationId }, runtimeId) => {
    expect(await runtimes.remove(organizationId, runtimeId)).toBe(true);
  },
  'goes with its workspace': async ({ database, organizationId, runtimes }) => {
    const id = (await runtimes.findWorkspace(organizationId, 'default'))?.id ?? '';
    expect(await createWorkspaceStore(database.db).remove(organizationId, id)).toBe('removed');
  },
  'is too old': async ({ database: { db } }, runtimeId) => {
    await db.execute(
      sql`update runtimes set stopped_at = now() - interval '1 day' where id = ${runtimeId}`,
    );
    const batch = { from: '-infinity', limit: 10 };
    expect(await createRetentionStore(db).removeRuntimes(1000, batch)).toMatchObject({
      removed: 1,
    });
  },
} satisfies Record<string, (owner: Owner, runtimeId: string) => Promise<void>>;
type Owner = Awaited<ReturnType<typeof openFiles>>;

test.for(Object.entries(WAYS))(
  'when the record of a runtime %s, nobody keeps its files, except those in namespaces',
  async ([, way]) => {
    const owner = await openFiles();
    const { store, runtimes, organizationId, namespace, begin, startRuntime, usedBytes } = owner;
    const runtime = await startRuntime();
    const [kept, filed, failed, arriving] = await Promise.all(
      Array.from({ length: 4 }, () => begin(runtime.id)),
    );
    if (!kept || !filed || !failed || !arriving) throw new Error('nothing began');
    const { key } = fileOf(await store.finishDownload(kept, content(), KEPT));
    const to = { namespaceId: namespace.id, path: 'a', mostBytes: ROOM };
    await store.finishDownload(filed, content(), to);
    await store.failDownload(failed, 'download.canceled');
    await runtimes.move(runtime, STOPPED);
    await way(owner, runtime.id);

    const unkept = await store.listUnkept(10);
    expect(unkept).toHaveLength(2);
    expect(unkept).toContainEqual({ id: kept, key });
    expect(unkept).toContainEqual({ id: failed, key: undefined });
    expect(await store.find(organizationId, kept)).toBeUndefined();
    expect(await store.find(organizationId, filed)).toMatchObject({ runtimeId: runtime.id });
    await store.forget([kept, failed, arriving]);
    expect(await usedBytes()).toBe(KB);
    // One that arrives now is kept where it is put, or by nobody.
    expect(await store.listUnkept(10)).toEqual([]);
    const late = fileOf(await store.finishDownload(arriving, content(), to));
    expect(await store.find(organizationId, arriving)).toEqual(late);
  },
);
