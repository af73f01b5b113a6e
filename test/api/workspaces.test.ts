import { expect } from 'vitest';
import { test } from '../support/api-test.ts';
import { createWorkspace } from '../support/test.ts';

test('a workspace is found by its id and by its name', async ({ service, workspace }) => {
  for (const ref of [workspace.id, workspace.name]) {
    expect(await service.call('GET', `/v1/workspaces/${ref}`)).toMatchObject({
      status: 200,
      json: { id: workspace.id, name: workspace.name, mounts: {} },
    });
  }
});

test('a fresh organization has the workspace default', async ({ service }) => {
  expect(await service.call('GET', '/v1/workspaces/default')).toMatchObject({ status: 200 });
});

test('a name is unique within an organization, and free in others', async ({
  service,
  workspace,
}) => {
  const { name } = workspace;
  expect(await service.call('POST', '/v1/workspaces', { name })).toMatchObject({
    status: 409,
    json: { code: 'workspace.name_in_use' },
  });
  expect(await service.callAsOther('POST', '/v1/workspaces', { name })).toMatchObject({
    status: 200,
  });
});

test('one of many concurrent creates with the same name succeeds', async ({ service }) => {
  const name = 'contested';
  const all = await Promise.all(
    Array.from({ length: 8 }, () => service.call('POST', '/v1/workspaces', { name })),
  );
  const statuses = all.map(({ status }) => status);
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array(7).fill(409)]);
});

test.for([
  { name: '' },
  { name: 'a/b' },
  { name: ' a' },
  { name: 'x'.repeat(129) },
  { name: '0b0e5fd5-4c1b-4b63-bd2c-9a3f2c2ad6f1' },
])('the name of $name is refused', async ({ name }, { service }) => {
  const answer = await service.call('POST', '/v1/workspaces', { name });
  expect(answer).toMatchObject({
    status: 400,
    json: { details: { issues: [{ in: 'body', path: 'name' }] } },
  });
});

test('a workspace can be renamed and mount storage', async ({ service, workspace }) => {
  const path = `/v1/workspaces/${workspace.id}`;
  const changed = await service.call('PATCH', path, {
    name: `${workspace.name}-2`,
    mounts: { storage: { workspace: 'shared' } },
  });
  expect(changed).toMatchObject({
    status: 200,
    json: { name: `${workspace.name}-2`, mounts: { storage: { workspace: 'shared' } } },
  });
  expect(Date.parse(changed.json.updatedAt)).toBeGreaterThan(Date.parse(changed.json.createdAt));
  expect(await service.call('PATCH', path, { name: 'default' })).toMatchObject({ status: 409 });
});

test('workspaces are listed in pages, newest first', async ({ service }) => {
  const made = [await createWorkspace(service), await createWorkspace(service)];
  const first = await service.call('GET', '/v1/workspaces?limit=1');
  const next = await service.call('GET', `/v1/workspaces?limit=1&cursor=${first.json.nextCursor}`);
  const ids = [...first.json.workspaces, ...next.json.workspaces].map(({ id }) => id);
  expect(ids).toEqual([made[1]?.id, made[0]?.id]);
  expect((await service.call('GET', '/v1/workspaces?limit=500')).json.nextCursor).toBeUndefined();
});

test.for(['limit=0', 'limit=x', 'limit=501', 'cursor=nonsense', 'cursor='])(
  'a list with %s is refused',
  async (query, { service }) => {
    const answer = await service.call('GET', `/v1/workspaces?${query}`);
    expect(answer).toMatchObject({
      status: 400,
      json: { details: { issues: [{ in: 'query', path: query.split('=')[0] }] } },
    });
  },
);

test('a deleted workspace is gone', async ({ service, workspace }) => {
  const path = `/v1/workspaces/${workspace.id}`;
  expect(await service.call('DELETE', path)).toMatchObject({
    status: 200,
    json: { id: workspace.id },
  });
  expect(await service.call('GET', path)).toMatchObject({ status: 404 });
  expect(await service.call('DELETE', path)).toMatchObject({
    status: 404,
    json: { code: 'workspace.not_found' },
  });
});
