import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { SCOPES } from '../../src/runtime-manager/runtime/index.ts';
import { test } from '../support/api-test.ts';
import { caller, type Call } from '../support/http.ts';
import { addKey } from '../support/keys.ts';
import { openFakeService, type TestService } from '../support/service.ts';
import { createWorkspace } from '../support/test.ts';

const PATH = '/v1/api-keys';

async function created(service: TestService, request: object) {
  const answer = await service.call('POST', PATH, { name: 'ci', ...request });
  expect(answer, answer.text).toMatchObject({ status: 200 });
  return { ...answer.json, call: caller(service.url, answer.json.key) };
}

async function listed(call: Call) {
  return (await call('GET', `${PATH}?limit=500`)).json.apiKeys;
}

test('a key is shown when it is created and never again', async ({ service }) => {
  const answer = await service.call('POST', PATH, { name: 'ci', scopes: ['workspaces:read'] });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const { key, ...shown } = answer.json;
  expect(shown).toMatchObject({ name: 'ci', scopes: ['workspaces:read'], workspaceIds: null });
  expect(key).toMatch(/^bctrl_.{43}$/);
  expect(key.startsWith(shown.hint)).toBe(true);
  expect(await caller(service.url, key)('GET', '/v1/workspaces')).toMatchObject({ status: 200 });
  const list = await service.call('GET', PATH);
  expect(list.json.apiKeys).toContainEqual(shown);
  expect(list.text).not.toContain(key);
  expect(JSON.stringify(await service.database.db.query.apiKeys.findMany())).not.toContain(key);
});

test('an answer with a key that is repeated for its Idempotency-Key forbids caching too', async ({
  service,
}) => {
  const ask = () =>
    fetch(service.url + PATH, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${service.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': 'make-a-key',
      },
      body: JSON.stringify({ name: 'once', scopes: ['runtimes:read'] }),
    });
  const [first, again] = [await ask(), await ask()];
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.headers.get('cache-control')).toBe('no-store');
  expect(await again.json()).toEqual(await first.json());
});

test('the refusal of a key names the scope that it lacks', async ({ service }) => {
  const { call } = await created(service, { scopes: ['runtimes:read'] });
  expect(await call('GET', '/v1/workspaces')).toMatchObject({
    status: 403,
    json: {
      code: 'auth.forbidden',
      error: expect.stringContaining('workspaces:read'),
      details: { scope: 'workspaces:read' },
    },
  });
});

test('a key cannot create a key with a scope that it lacks itself', async ({ service }) => {
  const { call } = await created(service, { scopes: ['admin', 'runtimes:read'] });
  const grant = (scopes: string[]) => call('POST', PATH, { name: 'child', scopes });
  expect(await grant(['runtimes:read'])).toMatchObject({ status: 200 });
  expect(await grant(['runtimes:read', 'profiles:export'])).toMatchObject({
    status: 403,
    json: { code: 'auth.forbidden', details: { scope: 'profiles:export' } },
  });
});

test.for([
  [{ scopes: [] }, 'scopes'],
  [{ scopes: ['runtimes:fly'] }, 'scopes.0'],
  [{ scopes: ['runtimes:read'], name: '' }, 'name'],
  [{ scopes: ['runtimes:read'], workspaceIds: [] }, 'workspaceIds'],
  [{ scopes: ['runtimes:read'], workspaceIds: ['default'] }, 'workspaceIds.0'],
  [{ scopes: ['runtimes:read'], scope: 'admin' }, 'scope'],
] as const)('%o is refused at %s', async ([request, path], { service }) => {
  expect(await service.call('POST', PATH, { name: 'ci', ...request })).toMatchObject({
    status: 400,
    json: { details: { issues: [{ in: 'body', path }] } },
  });
});

test('only what is there and is not for admins can be limited', async ({ service, workspace }) => {
  const ask = (scopes: string[], id: string) =>
    service.call('POST', PATH, { name: 'ci', scopes, workspaceIds: [id] });
  const [theirs] = (await service.callAsOther('GET', '/v1/workspaces')).json.workspaces;
  for (const id of [randomUUID(), theirs.id]) {
    expect(await ask(['runtimes:read'], id)).toMatchObject({
      status: 404,
      json: { code: 'workspace.not_found' },
    });
  }
  expect(await ask(['admin'], workspace.id)).toMatchObject({
    status: 400,
    json: { code: 'api_key.not_limited', details: { problems: [{ path: 'workspaceIds' }] } },
  });
});

test('a key that is limited to workspaces does not find the others', async ({
  service,
  workspace,
}) => {
  const hidden = await createWorkspace(service);
  const scopes = SCOPES.filter((scope) => scope !== 'admin');
  const { call } = await created(service, { scopes, workspaceIds: [workspace.id] });
  for (const ref of [hidden.id, hidden.name, 'default']) {
    const path = `/v1/workspaces/${ref}`;
    const refused = { status: 404, json: { code: 'workspace.not_found' } };
    expect(await call('GET', path)).toMatchObject(refused);
    expect(await call('PATCH', path, { name: 'mine' })).toMatchObject(refused);
    expect(await call('DELETE', `${path}?force=true`)).toMatchObject(refused);
    expect(await call('GET', `${path}/runtimes`)).toMatchObject(refused);
    expect(await call('GET', `${path}/runtimes/a`)).toMatchObject(refused);
    expect(await call('GET', `${path}/connect`)).toMatchObject(refused);
    expect(await call('POST', `${path}/runtimes`, { alias: 'a', kind: 'browser' })).toMatchObject(
      refused,
    );
  }
  const { json } = await call('GET', '/v1/workspaces');
  expect(json.workspaces.map(({ id }: { id: string }) => id)).toEqual([workspace.id]);
  expect(await call('GET', `/v1/workspaces/${workspace.name}`)).toMatchObject({ status: 200 });
  expect(await call('POST', '/v1/workspaces', { name: 'more' })).toMatchObject({
    status: 403,
    json: { code: 'auth.forbidden' },
  });
});

test('a key finds nothing once its workspaces are deleted', async ({ service }) => {
  const short = await createWorkspace(service);
  const { call } = await created(service, {
    scopes: ['workspaces:read'],
    workspaceIds: [short.id],
  });
  await service.call('DELETE', `/v1/workspaces/${short.id}`);
  expect((await call('GET', '/v1/workspaces')).json.workspaces).toEqual([]);
});

test('a revoked key is refused from the next request on, and not listed', async ({ service }) => {
  const { id, call } = await created(service, { scopes: ['workspaces:read'] });
  expect(await call('GET', '/v1/workspaces')).toMatchObject({ status: 200 });
  expect(await service.call('DELETE', `${PATH}/${id}`)).toMatchObject({
    status: 200,
    json: { id },
  });
  expect(await call('GET', '/v1/workspaces')).toMatchObject({
    status: 401,
    json: { code: 'auth.required' },
  });
  expect(JSON.stringify(await listed(service.call))).not.toContain(id);
  expect(await service.call('DELETE', `${PATH}/${id}`)).toMatchObject({
    status: 404,
    json: { code: 'api_key.not_found' },
  });
});

test("another organization's keys are not found", async ({ service }) => {
  const { id } = await created(service, { scopes: ['workspaces:read'] });
  const other = await service.database.db.query.organizations.findFirst({
    where: (row, { eq }) => eq(row.name, 'other'),
  });
  const theirs = await addKey(service.database, { scopes: ['admin'] }, other?.id);
  const call = caller(service.url, theirs);
  for (const ref of [id, 'no-id']) {
    expect(await call('DELETE', `${PATH}/${ref}`)).toMatchObject({
      status: 404,
      json: { code: 'api_key.not_found' },
    });
  }
  expect(JSON.stringify(await listed(call))).not.toContain(id);
});

test('the last admin key stays, whoever revokes the others at once', async () => {
  await using service = await openFakeService();
  const { id: second, call } = await created(service, { scopes: ['admin'] });
  const first = (await listed(service.call)).find((key: { id: string }) => key.id !== second).id;
  const revokers = [
    () => service.call('DELETE', `${PATH}/${second}`),
    () => call('DELETE', `${PATH}/${first}`),
  ];
  const answers = await Promise.all(revokers.map((revoke) => revoke()));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const survivor = answers[0]?.status === 200 ? service.call : call;
  const [last, ...others] = await listed(survivor);
  expect(others).toEqual([]);
  expect(await survivor('DELETE', `${PATH}/${last.id}`)).toMatchObject({
    status: 409,
    json: { code: 'api_key.last_admin' },
  });
});

test('keys are listed in pages, newest first', async ({ service }) => {
  const made = [
    await created(service, { scopes: ['runtimes:read'] }),
    await created(service, { scopes: ['runtimes:read'] }),
  ];
  const first = await service.call('GET', `${PATH}?limit=1`);
  const next = await service.call('GET', `${PATH}?limit=1&cursor=${first.json.nextCursor}`);
  const ids = [...first.json.apiKeys, ...next.json.apiKeys].map(({ id }) => id);
  expect(ids).toEqual([made[1]?.id, made[0]?.id]);
});
