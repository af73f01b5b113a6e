import { expect } from 'vitest';
import { test } from '../support/api-test.ts';
import { createNamespace, filesUrl, put, store, ask } from '../support/file-requests.ts';
import { caller } from '../support/http.ts';
import { addKey } from '../support/keys.ts';
import type { TestService } from '../support/service.ts';
import { createWorkspace } from '../support/test.ts';

test('a namespace is found by its id and by its name', async ({ service }) => {
  const name = await createNamespace(service);
  const { json: made } = await service.call('GET', `/v1/storage/${name}`);
  expect(made).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    name,
    createdAt: expect.any(String),
  });
  expect((await service.call('GET', `/v1/storage/${made.id}`)).json).toEqual(made);
});

test('a name is unique within an organization, and free in others', async ({ service }) => {
  const name = await createNamespace(service);
  expect(await service.call('POST', '/v1/storage', { name })).toMatchObject({
    status: 409,
    json: { code: 'storage.name_in_use' },
  });
  expect(await service.callAsOther('POST', '/v1/storage', { name })).toMatchObject({ status: 200 });
});

test.for([
  '',
  'a/b',
  '..',
  '.a',
  'a\u0000b',
  'x'.repeat(129),
  '0b0e5fd5-4c1b-4b63-bd2c-9a3f2c2ad6f1',
])('the name %j is refused, here and as a mount', async (name, { service }) => {
  expect(await service.call('POST', '/v1/storage', { name })).toMatchObject({
    status: 400,
    json: { code: 'request.invalid', details: { issues: [{ in: 'body', path: 'name' }] } },
  });
  const mounts = { storage: { workspace: name } };
  expect(await service.call('PATCH', '/v1/workspaces/default', { mounts })).toMatchObject({
    status: 400,
    json: { details: { issues: [{ in: 'body', path: 'mounts.storage.workspace' }] } },
  });
});

test('namespaces are listed in pages, newest first, with what the organization uses', async ({
  service,
}) => {
  const names = [await createNamespace(service), await createNamespace(service)];
  const before = (await service.call('GET', '/v1/storage')).json.usage;
  await store(service, names[0] ?? '', 'a.txt', 'x'.repeat(1000));
  const first = await service.call('GET', '/v1/storage?limit=1');
  const next = await service.call('GET', `/v1/storage?limit=1&cursor=${first.json.nextCursor}`);
  const listed = [...first.json.namespaces, ...next.json.namespaces].map(({ name }) => name);
  expect(listed).toEqual(names.toReversed());
  expect(first.json.usage).toEqual({ ...before, usedBytes: before.usedBytes + 1000 });
  expect(before.limitBytes).toBe(100 * 1024 ** 3);
});

test('a namespace with files is deleted only by force, and its files with it', async ({
  service,
}) => {
  const name = await createNamespace(service);
  const { usedBytes } = (await service.call('GET', '/v1/storage')).json.usage;
  for (const path of ['a', 'b/c']) await store(service, name, path);
  expect(await service.call('DELETE', `/v1/storage/${name}`)).toMatchObject({
    status: 409,
    json: { code: 'storage.not_empty', hint: expect.stringContaining('force=true') },
  });
  expect(await service.call('DELETE', `/v1/storage/${name}?force=true`)).toMatchObject({
    status: 200,
    json: { name },
  });
  expect(await service.call('GET', `/v1/storage/${name}`)).toMatchObject({
    status: 404,
    json: { code: 'storage.namespace_not_found' },
  });
  await expect
    .poll(async () => (await service.call('GET', '/v1/storage')).json.usage.usedBytes)
    .toBe(usedBytes);
  expect(await service.call('DELETE', `/v1/storage/${name}`)).toMatchObject({ status: 404 });
});

const mounting = (name: string) => ({ mounts: { storage: { workspace: name } } });

test('a workspace makes the namespace that it mounts', async ({ service, workspace }) => {
  const created = `created-${workspace.name}`;
  await service.call('POST', '/v1/workspaces', { name: created, ...mounting(created) });
  expect(await service.call('GET', `/v1/storage/${created}`)).toMatchObject({ status: 200 });
  const updated = `updated-${workspace.name}`;
  for (let round = 0; round < 2; round++) {
    const path = `/v1/workspaces/${workspace.id}`;
    expect(await service.call('PATCH', path, mounting(updated))).toMatchObject({ status: 200 });
  }
  expect(await service.call('GET', `/v1/storage/${updated}`)).toMatchObject({ status: 200 });
  expect(await service.callAsOther('GET', `/v1/storage/${updated}`)).toMatchObject({ status: 404 });
});

test('many workspaces that mount one new namespace at once make one', async ({ service }) => {
  const mounts = { storage: { workspace: 'made-at-once' } };
  const made = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      service.call('POST', '/v1/workspaces', { name: `at-once-${i}`, mounts }),
    ),
  );
  expect(made.map(({ status }) => status)).toEqual(Array(8).fill(200));
  const { json } = await service.call('GET', '/v1/storage?limit=500');
  const named = json.namespaces.filter(({ name }: { name: string }) => name === 'made-at-once');
  expect(named).toHaveLength(1);
});

/** A key that is limited to a workspace, which mounts a namespace. */
async function limitedKey(service: TestService) {
  const workspace = await createWorkspace(service);
  const mounted = `mounted-${workspace.name}`;
  const mounts = { storage: { workspace: mounted } };
  await service.call('PATCH', `/v1/workspaces/${workspace.id}`, { mounts });
  const apiKey = await addKey(service.database, { workspaceIds: [workspace.id] });
  return { workspace, mounted, apiKey, call: caller(service.url, apiKey) };
}

test('a key that is limited to workspaces has the namespaces that these mount', async ({
  service,
}) => {
  const { mounted, apiKey, call } = await limitedKey(service);
  const hidden = await createNamespace(service);
  const secret = await store(service, hidden, 'secret.txt');
  const asLimited = { url: service.url, apiKey };
  const shared = await store(asLimited, mounted, 'shared.txt');

  const names = (await call('GET', '/v1/storage')).json.namespaces.map(
    ({ name }: { name: string }) => name,
  );
  expect(names).toEqual([mounted]);
  expect(await call('GET', `/v1/storage/${mounted}/files/${shared.id}`)).toMatchObject({
    status: 200,
  });
  const notFound = { status: 404, json: { code: 'storage.namespace_not_found' } };
  for (const path of ['', '/files', '/zip', `/files/${secret.id}`, `/files/${secret.id}/content`]) {
    expect(await call('GET', `/v1/storage/${hidden}${path}`), path).toMatchObject(notFound);
  }
  expect(await call('DELETE', `/v1/storage/${hidden}/files/${secret.id}`)).toMatchObject(notFound);
  expect(await put(asLimited, hidden, 'a')).toMatchObject(notFound);
  // Neither a file of another namespace, nor another namespace for a file.
  expect(await call('GET', `/v1/storage/${mounted}/files/${secret.id}`)).toMatchObject({
    status: 404,
    json: { code: 'file.not_found' },
  });
  const file = `/v1/storage/${mounted}/files/${shared.id}`;
  expect(await call('PATCH', file, { namespace: hidden })).toMatchObject(notFound);
  expect(await call('PATCH', file, { path: 'b' })).toMatchObject({ status: 200 });
});

test('a key that is limited to workspaces creates, deletes and mounts no namespace of others', async ({
  service,
}) => {
  const { workspace, mounted, call } = await limitedKey(service);
  const hidden = await createNamespace(service);
  const { id } = (await service.call('GET', `/v1/storage/${hidden}`)).json;
  const forbidden = { status: 403, json: { code: 'auth.forbidden' } };
  expect(await call('POST', '/v1/storage', { name: 'mine' })).toMatchObject(forbidden);
  expect(await call('DELETE', `/v1/storage/${mounted}`)).toMatchObject(forbidden);

  const path = `/v1/workspaces/${workspace.id}`;
  const mount = (name: string) => call('PATCH', path, { mounts: { storage: { workspace: name } } });
  expect(await mount(hidden)).toMatchObject(forbidden);
  expect(await mount(id)).toMatchObject({ status: 400 });
  expect(await call('GET', path)).toMatchObject({
    json: { mounts: { storage: { workspace: mounted } } },
  });
  expect(await mount(mounted)).toMatchObject({ status: 200 });
  expect(await mount(`new-${mounted}`)).toMatchObject({ status: 200 });
  expect(await call('GET', `/v1/storage/new-${mounted}`)).toMatchObject({ status: 200 });
  // It has given the old one up.
  expect(await call('GET', `/v1/storage/${mounted}`)).toMatchObject({ status: 404 });
  expect(await mount(mounted)).toMatchObject(forbidden);
});

test("another organization's storage is not found by any route", async ({ service }) => {
  const name = await createNamespace(service);
  const { id } = (await service.call('GET', `/v1/storage/${name}`)).json;
  const file = await store(service, name, 'a.txt');
  const { paths } = (await service.call('GET', '/openapi.json')).json;
  const own = `own-${name}`;
  await service.callAsOther('POST', '/v1/storage', { name: own });
  const otherKey = service.otherKey;
  let routes = 0;
  for (const path of Object.keys(paths)) {
    if (!path.startsWith('/v1/storage/')) continue;
    for (const method of Object.keys(paths[path])) {
      const isJson = 'application/json' in (paths[path][method].requestBody?.content ?? {});
      const isForm = 'multipart/form-data' in (paths[path][method].requestBody?.content ?? {});
      const form = new FormData();
      form.set('file', new Blob(['x']), 'x');
      const url = (namespace: string) =>
        service.url +
        path.replace('{namespace}', namespace).replace('{fileId}', file.id) +
        (method === 'put' ? '?path=a' : '');
      const init = {
        method: method.toUpperCase(),
        ...(method === 'put' && { body: 'x' }),
        ...(isForm && { body: form }),
        ...(isJson && { body: '{}', headers: { 'content-type': 'application/json' } }),
      };
      for (const namespace of [name, id]) {
        expect(
          await ask({ apiKey: otherKey }, url(namespace), init),
          `${method} ${path}`,
        ).toMatchObject({ status: 404, json: { code: 'storage.namespace_not_found' } });
      }
      if (path.includes('{fileId}')) {
        expect(await ask({ apiKey: otherKey }, url(own), init)).toMatchObject({
          status: 404,
          json: { code: 'file.not_found' },
        });
      }
      routes++;
    }
  }
  expect(routes).toBe(10);
  const kept = await ask(service, `${filesUrl(service, name)}/${file.id}/content`);
  expect(kept.bytes.toString()).toBe('a.txt');
  const { json } = await service.callAsOther('GET', '/v1/storage?limit=500');
  expect(json.namespaces.map((one: { name: string }) => one.name)).not.toContain(name);
});

test('every operation of storage is described', async ({ service }) => {
  const { paths } = (await service.call('GET', '/openapi.json')).json;
  const operations = Object.keys(paths)
    .filter((path) => path.startsWith('/v1/storage'))
    .flatMap((path) => Object.values(paths[path]));
  expect(operations).toHaveLength(12);
  for (const operation of operations) {
    expect(operation).toMatchObject({ tags: ['Storage'], description: expect.any(String) });
  }
  const { responses } = paths['/v1/storage/{namespace}/files'].put;
  expect(responses[413].description).toBe('`file.too_large`');
  expect(responses[409].description).toBe('`file.path_in_use`, `storage.quota_exceeded`');
});
