import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { FileStore, NewFile } from '../../src/runtime-manager/runtime/index.ts';

const PAGE = 100;
const ROOM = Number.MAX_SAFE_INTEGER;
/** A namespace that `fillTables` filled. */
const FULL = 'old 1';

/** Carries out every statement of files, and leaves nothing. */
export async function keepFiles(
  store: FileStore,
  life: { organizationId: string; runtimeId: string; workspaceId: string; nodeId: string },
): Promise<void> {
  const { organizationId, runtimeId, nodeId } = life;
  await walkNamespaces(store, life);
  const all = { organizationId, workspaceIds: undefined };
  const full = await store.findNamespace(all, FULL);
  const { id: namespaceId } = await store.ensureNamespace(organizationId, 'new');
  assert.equal(await store.insertNamespace(organizationId, 'new'), undefined);
  assert(full);
  await walkFiles(store, full.id);

  const newFile = (path: string): NewFile => {
    const content = { key: `new ${path}`, sizeBytes: 1, sha256: 's', contentType: 'text/plain' };
    const id = randomUUID();
    return { id, organizationId, namespaceId: full.id, path, source: 'upload', ...content };
  };
  for (const isReplacing of [false, true]) {
    const how = { isReplacing, mostBytes: ROOM };
    assert.equal(typeof (await store.insert(newFile('new'), how)), 'object');
  }
  assert((await store.usage(organizationId)).usedBytes > 0);
  const file = await store.findByPath(full.id, 'new');
  assert(file);
  assert(await store.find(organizationId, file.id));
  await store.move(organizationId, file.id, { namespaceId, path: 'newer' });
  assert(await store.remove(organizationId, file.id));

  const ids = [randomUUID(), randomUUID(), randomUUID(), randomUUID()] as const;
  const about = { organizationId, runtimeId, nodeId, contentType: 'text/plain', url: undefined };
  for (const id of ids) await store.beginDownload({ ...about, id, path: 'new' });
  const to = { path: 'folder 1/old 1', mostBytes: ROOM };
  const [here, there, failing, lost] = ids;
  await store.finishDownload(here, newFile('here'), { ...to, namespaceId: full.id });
  await store.finishDownload(there, newFile('there'), { ...to, namespaceId: undefined });
  await store.failDownload(failing, 'download.canceled');
  await store.failArriving(nodeId);
  assert.equal((await store.find(organizationId, lost))?.state, 'failed');
  assert(await store.findOfRuntime({ organizationId, id: runtimeId }, there));
  await store.listOfRuntime(organizationId, runtimeId, { limit: PAGE, cursor: undefined });
  for (const id of ids) assert(await store.remove(organizationId, id));

  await store.removeAll(full.id, 4);
  assert.equal(await store.removeNamespace(organizationId, full.id), 'not_empty');
  assert.equal(await store.removeNamespace(organizationId, namespaceId), 'removed');
  await store.forget((await store.listUnkept(PAGE)).map(({ id }) => id));
  assert.deepEqual(await store.listUnkept(PAGE), []);
}

async function walkNamespaces(
  store: FileStore,
  { organizationId, workspaceId }: { organizationId: string; workspaceId: string },
): Promise<void> {
  for (const workspaceIds of [undefined, [workspaceId, randomUUID()]]) {
    const scope = { organizationId, workspaceIds };
    const first = await store.listNamespaces(scope, { limit: PAGE, cursor: undefined });
    await store.listNamespaces(scope, { limit: PAGE, cursor: first.nextCursor });
    await store.findNamespace(scope, randomUUID());
  }
}

async function walkFiles(store: FileStore, namespaceId: string): Promise<void> {
  for (const prefix of ['', 'folder 1', 'folder 1/', 'none/']) {
    for (const after of [undefined, 'folder 1/old 21', 'folder 1/']) {
      const range = { prefix, after, limit: PAGE };
      await store.list(namespaceId, range);
      await store.listFolder(namespaceId, range);
    }
  }
}
