/** What is recorded of files in namespaces, and for whom it is there. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { createWorkspaceStore } from '../../src/db/queries/workspaces.ts';
import { content, fileOf, KB, openFiles, ROOM } from '../support/files.ts';

const PAGE = { limit: 10, cursor: undefined };

test('a namespace has its name once, in its organization, and is found by id and name', async () => {
  const { store, organizationId, namespace, openOwner } = await openFiles();
  const all = { organizationId, workspaceIds: undefined };
  expect(await store.insertNamespace(organizationId, 'main')).toBeUndefined();
  expect(await store.ensureNamespace(organizationId, 'main')).toEqual(namespace);
  expect(await store.findNamespace(all, 'main')).toEqual(namespace);
  expect(await store.findNamespace(all, namespace.id)).toEqual(namespace);
  expect(await store.findNamespace(all, 'ma\0in')).toBeUndefined();
  expect(await store.findNamespace(all, randomUUID())).toBeUndefined();

  const other = await openOwner();
  expect(other.namespace.id).not.toBe(namespace.id);
  expect(await store.findNamespace(all, other.namespace.id)).toBeUndefined();
  expect(await store.removeNamespace(organizationId, other.namespace.id)).toBe('absent');
  expect((await store.listNamespaces(all, PAGE)).items).toEqual([namespace]);
});

test('twenty that ensure a namespace at once get the same one', async () => {
  const { store, organizationId } = await openFiles();
  const ensured = await Promise.all(
    Array.from({ length: 20 }, () => store.ensureNamespace(organizationId, 'new')),
  );
  expect(new Set(ensured.map(({ id }) => id)).size).toBe(1);
});

test('namespaces are listed newest first, page by page', async () => {
  const { store, organizationId } = await openFiles();
  for (const name of ['a', 'b', 'c']) await store.insertNamespace(organizationId, name);
  const all = { organizationId, workspaceIds: undefined };
  const first = await store.listNamespaces(all, { limit: 2, cursor: undefined });
  const second = await store.listNamespaces(all, { limit: 2, cursor: first.nextCursor });
  const names = [...first.items, ...second.items].map(({ name }) => name);
  expect(names.toSorted()).toEqual(['a', 'b', 'c', 'main']);
  expect(second.nextCursor).toBeUndefined();
});

test('whoever is limited to workspaces has the namespaces that these mount', async () => {
  const { store, database, organizationId, namespace, openOwner } = await openFiles();
  const workspaces = createWorkspaceStore(database.db);
  const mounts = { storage: { workspace: 'main' } };
  const mounting = await workspaces.insert(organizationId, { name: 'mounting', mounts });
  const bare = await workspaces.insert(organizationId, { name: 'bare', mounts: {} });
  const { organizationId: otherId } = await openOwner();
  const foreign = await workspaces.insert(otherId, { name: 'foreign', mounts });
  await store.insertNamespace(organizationId, 'hidden');
  const seen = async (...found: ({ id: string } | undefined)[]) => {
    const scope = { organizationId, workspaceIds: found.map((one) => one?.id ?? '') };
    const listed = (await store.listNamespaces(scope, PAGE)).items;
    expect(await store.findNamespace(scope, 'hidden')).toBeUndefined();
    expect(await store.findNamespace(scope, namespace.id)).toEqual(listed[0]);
    return listed;
  };
  expect(await seen(bare, mounting)).toEqual([namespace]);
  expect(await seen(bare)).toEqual([]);
  expect(await seen()).toEqual([]);
  expect(await seen(foreign)).toEqual([]);
});

test('a namespace with files stays, until they are removed', async () => {
  const { store, organizationId, namespace, add, rows } = await openFiles();
  for (const path of ['a', 'b', 'c']) await add(path);
  expect(await store.removeNamespace(organizationId, namespace.id)).toBe('not_empty');
  expect(await store.removeAll(namespace.id, 2)).toBe(2);
  expect(await store.removeAll(namespace.id, 2)).toBe(1);
  expect(await store.removeAll(namespace.id, 2)).toBe(0);
  expect(await store.removeNamespace(organizationId, namespace.id)).toBe('removed');
  expect(await store.removeNamespace(organizationId, namespace.id)).toBe('absent');
  expect(await rows()).toHaveLength(3);
});

test('a file is what was recorded, for its organization alone', async () => {
  const { store, organizationId, namespace, add, newFile, openOwner, usedBytes } =
    await openFiles();
  const given = newFile('reports/one.pdf', { contentType: 'application/pdf' });
  const made = await add(given.path, given);
  const { id } = made;
  expect(made).toEqual({
    ...given,
    state: 'stored',
    runtimeId: undefined,
    url: undefined,
    failure: undefined,
    createdAt: expect.any(Date),
    storedAt: expect.any(Date),
  });
  expect(await usedBytes()).toBe(KB);
  expect(await store.find(organizationId, id)).toEqual(made);
  expect(await store.findByPath(namespace.id, 'reports/one.pdf')).toEqual(made);
  expect(await store.findByPath(namespace.id, 'reports/one')).toBeUndefined();
  expect(await store.find(organizationId, 'no id')).toBeUndefined();

  const { organizationId: otherId, namespace: others } = await openOwner();
  expect(await store.find(otherId, id)).toBeUndefined();
  expect(await store.remove(otherId, id)).toBe(false);
  const stolen = { namespaceId: others.id, path: 'mine' };
  expect(await store.move(otherId, id, stolen)).toBe('absent');
  await expect(store.move(organizationId, id, stolen)).rejects.toThrow();
  await expect(add('x', { namespaceId: others.id })).rejects.toThrow();
  expect(await store.find(organizationId, id)).toEqual(made);
  expect(await usedBytes(otherId)).toBe(0);
});

test('a path is taken once, and only a replacement takes it again', async () => {
  const { store, namespace, add, newFile, replace, rows, usedBytes } = await openFiles();
  const first = await add('a');
  const how = { isReplacing: false, mostBytes: ROOM };
  expect(await store.insert(newFile('a'), how)).toBe('path_in_use');
  expect(await rows()).toHaveLength(1);
  expect(await usedBytes()).toBe(KB);
  const second = fileOf(await replace('a'));
  expect(await store.findByPath(namespace.id, 'a')).toEqual(second);
  // The content of the first one still lies there.
  expect(await store.listUnkept(10)).toEqual([{ id: first.id, key: first.key }]);
  expect(await usedBytes()).toBe(2 * KB);
});

test('a replacement that finds no room leaves what was there', async () => {
  const { store, namespace, add, newFile, limit } = await openFiles();
  const first = await add('a');
  await limit(KB);
  const how = { isReplacing: true, mostBytes: ROOM };
  expect(await store.insert(newFile('a'), how)).toBe('quota_exceeded');
  expect(await store.findByPath(namespace.id, 'a')).toEqual(first);
  expect(await store.listUnkept(10)).toEqual([]);
});

test('an organization has its own limit, or that of all', async () => {
  const { store, organizationId, newFile, limit } = await openFiles();
  const insert = (path: string, mostBytes: number) =>
    store.insert(newFile(path), { isReplacing: false, mostBytes });
  expect(await insert('a', KB - 1)).toBe('quota_exceeded');
  fileOf(await insert('a', KB));
  expect(await insert('b', KB)).toBe('quota_exceeded');
  expect(await store.usage(organizationId)).toEqual({ usedBytes: KB, ownLimitBytes: undefined });
  await limit(2 * KB);
  fileOf(await insert('b', KB));
  expect(await store.usage(organizationId)).toEqual({ usedBytes: 2 * KB, ownLimitBytes: 2 * KB });
  expect(await store.usage(randomUUID())).toEqual({ usedBytes: 0, ownLimitBytes: undefined });
});

test('a file moves to where nobody is, also in another namespace', async () => {
  const { store, organizationId, namespace, add } = await openFiles();
  const file = await add('a');
  await add('b');
  const move = (namespaceId: string, path: string) =>
    store.move(organizationId, file.id, { namespaceId, path });
  expect(await move(namespace.id, 'b')).toBe('path_in_use');
  expect(await move(namespace.id, 'a')).toEqual(file);
  const other = await store.ensureNamespace(organizationId, 'other');
  expect(await move(other.id, 'b')).toEqual({ ...file, namespaceId: other.id, path: 'b' });
  expect(await move(randomUUID(), 'b')).toBe('no_namespace');
  await store.remove(organizationId, file.id);
  expect(await move(namespace.id, 'c')).toBe('absent');
});

test('nothing is put in a namespace that is gone', async () => {
  const { store, organizationId, namespace, newFile, rows } = await openFiles();
  await store.removeNamespace(organizationId, namespace.id);
  const how = { isReplacing: true, mostBytes: ROOM };
  expect(await store.insert(newFile('a'), how)).toBe('no_namespace');
  expect(await rows()).toEqual([]);
});

test('a removed file is there for nobody, and counts until it is forgotten', async () => {
  const { store, organizationId, namespace, add, usedBytes, rows } = await openFiles();
  const file = await add('a');
  await add('b');
  await store.forget([file.id]);
  expect(await rows()).toHaveLength(2);
  expect(await store.remove(organizationId, file.id)).toBe(true);
  expect(await store.remove(organizationId, file.id)).toBe(false);
  expect(await store.find(organizationId, file.id)).toBeUndefined();
  expect(await store.findByPath(namespace.id, 'a')).toBeUndefined();
  expect(await store.list(namespace.id, { prefix: '', after: undefined, limit: 9 })).toHaveLength(
    1,
  );
  expect(await usedBytes()).toBe(2 * KB);
  await store.forget([]);
  await store.forget([file.id, randomUUID()]);
  await store.forget([file.id]);
  expect(await usedBytes()).toBe(KB);
  expect(await rows()).toHaveLength(1);
});

test('the bytes of several organizations are given back to each', async () => {
  const { store, organizationId, namespace, openOwner, add, usedBytes } = await openFiles();
  const other = await openOwner();
  const theirs = { organizationId: other.organizationId, namespaceId: other.namespace.id };
  const ids = [
    await add('a', content(1)),
    await add('b', content(2)),
    await add('a', { ...theirs, ...content(4) }),
  ].map(({ id }) => id);
  await add('c', content(8));
  await store.removeAll(other.namespace.id, 10);
  for (const { id } of await store.list(namespace.id, { prefix: '', after: undefined, limit: 2 })) {
    await store.remove(organizationId, id);
  }
  await store.forget(ids);
  expect([await usedBytes(), await usedBytes(other.organizationId)]).toEqual([8, 0]);
});

test('only stored content is in a namespace, with its key and its hash', async () => {
  const { database, organizationId, namespace } = await openFiles();
  const insert = (state: string, namespaceId: string | null) =>
    database.db.execute(sql`
      insert into files (id, organization_id, namespace_id, path, source, state, content_type)
      values (gen_random_uuid(), ${organizationId}, ${namespaceId}, 'a', 'upload', ${state}, 'text/plain')`);
  const broken = { cause: { constraint_name: 'files_content' } };
  await expect(insert('stored', null)).rejects.toMatchObject(broken);
  await expect(insert('arriving', namespace.id)).rejects.toMatchObject(broken);
});
