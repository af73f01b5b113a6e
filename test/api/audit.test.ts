import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { SessionBody } from '../../src/api/schemas/console-session.ts';
import { openService } from '../../src/api/service.ts';
import { testWith } from '../support/api-test.ts';
import { connectOnceUrl } from '../support/connect-once.ts';
import { openTestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { caller, type Answer, type Call } from '../support/http.ts';
import { addKey } from '../support/keys.ts';
import { connectMcp } from '../support/mcp-client.ts';
import { openFakeNode } from '../support/open-fake-node.ts';
import type { TestService } from '../support/service.ts';
import { configFor } from '../support/settings.ts';

const test = testWith({ trustedProxies: ['127.0.0.1'] });

interface Asked {
  query: Record<string, string | number>;
  /** Whose audit; by default the service's first organization's. */
  call?: Call;
}

async function audited(
  service: TestService,
  { query, call = service.call }: Asked,
): Promise<Answer['json']> {
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const answer = await call('GET', `/v1/audit?${search.toString()}`);
  expect(answer, answer.text).toMatchObject({ status: 200 });
  return answer.json;
}

/** Waits until so many entries are written, and resolves with them. */
function entries(service: TestService, asked: Asked, count: number): Promise<Answer['json'][]> {
  return eventually(async () => {
    const { entries: found } = await audited(service, asked);
    expect(found).toHaveLength(count);
    return found;
  });
}

test('an entry tells who did what to what, from where, and what became of it', async ({
  service,
  workspace,
}) => {
  const { id, alias } = await workspace.create();
  const path = `/v1/workspaces/${workspace.name}/runtimes/${alias}/stop`;
  const before = Date.now();
  const stopped = await fetch(service.url + path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${service.apiKey}`,
      'x-request-id': 'stop-7',
      'x-forwarded-for': '203.0.113.7',
    },
  });
  expect(stopped.status).toBe(200);
  const query = { workspaceId: workspace.id, verb: 'runtimes-stop' };
  const [entry] = await entries(service, { query }, 1);
  const [key] = (await service.call('GET', '/v1/api-keys')).json.apiKeys;
  expect(entry).toEqual({
    id: expect.any(String),
    createdAt: expect.any(String),
    keyId: key.id,
    keyName: key.name,
    origin: 'api',
    verb: 'runtimes-stop',
    workspaceId: workspace.id,
    target: { kind: 'runtime', ref: alias, id },
    path,
    outcome: 'succeeded',
    status: 200,
    code: null,
    requestId: 'stop-7',
    clientAddress: '203.0.113.7',
  });
  expect(Math.abs(Date.parse(entry.createdAt) - before)).toBeLessThan(60_000);
});

test('what a request makes is named by its id, and nothing of its body is kept', async ({
  service,
  workspace,
}) => {
  const made = await service.call('POST', '/v1/api-keys', {
    name: 'the body says this',
    scopes: ['runtimes:read'],
  });
  const runtime = await workspace.create();
  const [key] = await entries(service, { query: { verb: 'api-keys-create' } }, 1);
  expect(key.target).toEqual({ kind: 'api_key', ref: null, id: made.json.id });
  expect(JSON.stringify(key)).not.toMatch(/the body says this|bctrl_/);
  const create = { workspaceId: workspace.id, verb: 'runtimes-create' };
  const [created] = await entries(service, { query: create }, 1);
  expect(created.target).toEqual({ kind: 'runtime', ref: null, id: runtime.id });
});

test('refusals are recorded with their codes', async ({ service, workspace }) => {
  const secret = await addKey(service.database, { scopes: ['runtimes:read'] });
  const reader = caller(service.url, secret);
  const { alias } = await workspace.create();
  await reader('POST', `${workspace.runtimes}/${alias}/stop`);
  await service.call('POST', `${workspace.runtimes}/nobody/stop`);
  await service.call('POST', workspace.runtimes, { alias, kind: 'browser' });
  await service.call('POST', workspace.runtimes, { alias: 7 });
  const query = { workspaceId: workspace.id, outcome: 'refused' };
  const found = await entries(service, { query }, 4);
  expect(found.map(({ status, code, target: { ref } }) => [status, code, ref])).toEqual([
    [400, 'request.invalid', null],
    [409, 'runtime.alias_in_use', null],
    [404, 'runtime.not_found', 'nobody'],
    [403, 'auth.forbidden', alias],
  ]);
});

test('what only reads, waits or has no valid key is not recorded', async ({
  service,
  workspace,
}) => {
  const { alias } = await workspace.create();
  await service.call('GET', `${workspace.runtimes}/${alias}`);
  await service.call('POST', `${workspace.runtimes}/${alias}/events/wait`, { timeoutMs: 0 });
  await caller(service.url, 'wrong')('POST', `${workspace.runtimes}/${alias}/stop`);
  await workspace.stop(alias);
  const found = await entries(service, { query: { workspaceId: workspace.id } }, 3);
  expect(found.map(({ verb }) => verb)).toEqual([
    'runtimes-stop',
    'runtimes-create',
    'workspaces-create',
  ]);
});

test('a workspace is known by its id, also when it is named and gone', async ({ service }) => {
  const name = 'short-lived';
  const { id } = (await service.call('POST', '/v1/workspaces', { name })).json;
  await service.call('DELETE', `/v1/workspaces/${name}`);
  const found = await entries(service, { query: { workspaceId: id } }, 2);
  expect(found[0]).toMatchObject({
    verb: 'workspaces-delete',
    target: { kind: 'workspace', ref: name, id },
  });
});

test('a websocket that creates a runtime is recorded', async ({ service, workspace }) => {
  const url = connectOnceUrl(service, workspace, { alias: 'at-once' });
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${service.apiKey}` } });
  await once(socket, 'open');
  const query = { workspaceId: workspace.id, verb: 'workspaces-connect' };
  const [entry] = await entries(service, { query }, 1);
  socket.close();
  expect(entry).toMatchObject({
    status: 101,
    outcome: 'succeeded',
    target: { kind: 'runtime', ref: null, id: expect.any(String) },
  });
});

test('calls of tools are told from other requests, and their messages are not recorded', async ({
  service,
  workspace,
}) => {
  const { alias } = await workspace.create();
  const client = await connectMcp(`${service.url}/v1/mcp`, service.apiKey);
  const named = { id: workspace.id, alias };
  await client.callTool({ name: 'runtimes-get', arguments: named });
  await client.callTool({ name: 'runtimes-stop', arguments: named });
  const query = { workspaceId: workspace.id, verb: 'runtimes-stop' };
  const [entry] = await entries(service, { query }, 1);
  expect(entry).toMatchObject({ origin: 'mcp', status: 200, clientAddress: '127.0.0.1' });
  expect((await audited(service, { query: { verb: 'mcp' } })).entries).toEqual([]);
});

test('the console is told from programs, from its sign-in on', async ({ service, workspace }) => {
  const secret = await addKey(service.database, { scopes: ['runtimes:write'] });
  const page = { 'sec-fetch-site': 'same-origin' };
  const signedIn = await fetch(`${service.url}/console/session`, {
    method: 'POST',
    headers: { ...page, 'content-type': 'application/json' },
    body: JSON.stringify({ key: secret }),
  });
  const { keyId } = SessionBody.parse(await signedIn.json());
  const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';');
  const path = `${workspace.runtimes}/nobody/stop`;
  await fetch(service.url + path, { method: 'POST', headers: { ...page, cookie } });
  await caller(service.url, secret)('POST', path);
  const found = await entries(service, { query: { keyId } }, 3);
  expect(found).toMatchObject([
    { verb: 'runtimes-stop', origin: 'api' },
    { verb: 'runtimes-stop', origin: 'console' },
    { verb: 'console-sign-in', origin: 'console', status: 200, target: null },
  ]);
});

test('an organization sees its own entries only', async ({ service, workspace }) => {
  await service.callAsOther('POST', `${workspace.runtimes}/a/stop`);
  const theirs = caller(
    service.url,
    await addKey(service.database, { scopes: ['admin'] }, await otherOrganization(service)),
  );
  const query = { workspaceId: workspace.id };
  const [entry] = await entries(service, { query, call: theirs }, 1);
  expect(entry).toMatchObject({ verb: 'runtimes-stop', code: 'workspace.not_found' });
  await entries(service, { query }, 1);
  expect((await audited(service, { query })).entries).toMatchObject([
    { verb: 'workspaces-create' },
  ]);
});

async function otherOrganization({ database: { db } }: TestService): Promise<string> {
  const other = await db.query.organizations.findFirst({
    where: ({ name }, { eq }) => eq(name, 'other'),
  });
  return other?.id ?? '';
}

test('pages lead through all entries, whatever is asked for', async ({ service, workspace }) => {
  const secret = await addKey(service.database, { scopes: ['runtimes:write'] });
  const call = caller(service.url, secret);
  for (let n = 0; n < 5; n++) await call('POST', `${workspace.runtimes}/r${n}/stop`);
  const query = { workspaceId: workspace.id, verb: 'runtimes-stop' };
  const all = await entries(service, { query }, 5);
  expect(all.map(({ target }) => target.ref)).toEqual(['r4', 'r3', 'r2', 'r1', 'r0']);
  for (const more of [{}, { keyId: all[0].keyId, outcome: 'refused' }, { outcome: 'refused' }]) {
    const paged: Answer['json'][] = [];
    let cursor: string | undefined;
    do {
      const page = await audited(service, {
        query: { ...query, ...more, limit: 2, ...(cursor !== undefined && { cursor }) },
      });
      expect(page.entries.length).toBeLessThanOrEqual(2);
      paged.push(...page.entries);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(paged).toEqual(all);
  }
  const of = (more: object) => audited(service, { query: { ...query, ...more } });
  expect((await of({ from: all[2].createdAt })).entries).toEqual(all.slice(0, 3));
  expect((await of({ to: all[2].createdAt })).entries).toEqual(all.slice(3));
  expect((await of({ outcome: 'succeeded' })).entries).toEqual([]);
});

test.for([
  ['verb', 'Not one'],
  ['outcome', 'fine'],
  ['keyId', '7'],
  ['from', 'yesterday'],
  ['to', '0000-01-01T00:00:00Z'],
  ['cursor', 'x'],
] as const)('a wrong %s is refused', async ([name, value], { service }) => {
  const search = new URLSearchParams([[name, value]]);
  expect(await service.call('GET', `/v1/audit?${search.toString()}`)).toMatchObject({
    status: 400,
    json: { details: { issues: [{ in: 'query', path: name }] } },
  });
});

test('odd paths are recorded, and keep no other entry from being written', async ({ service }) => {
  const odd = ['a%00b', '%E0%A4%A', '%F0%9F%98%80'.repeat(100), 'x'.repeat(3000)];
  const secret = await addKey(service.database, { scopes: ['runtimes:write'] });
  const call = caller(service.url, secret);
  for (const alias of odd) await call('POST', `/v1/workspaces/default/runtimes/${alias}/stop`);
  const [{ id: keyId }] = (await service.call('GET', '/v1/api-keys?limit=1')).json.apiKeys;
  const found = await entries(service, { query: { keyId } }, odd.length);
  for (const { path, target } of found) {
    expect(path.length).toBeLessThanOrEqual(1000);
    expect(target.ref.length).toBeLessThanOrEqual(200);
  }
});

test('what was asked just before the service ends is written', async () => {
  await using database = await openTestDatabase();
  await using directory = await mkdtempDisposable(join(tmpdir(), 'bctrl-'));
  const { path } = directory;
  const config = configFor({ dataDir: path, browserDir: path });
  const log = pino({ level: 'silent' });
  const service = await openService(config, { log, database, openNode: openFakeNode });
  await caller(service.url, service.newApiKey)('POST', '/v1/workspaces', { name: 'last' });
  await service[Symbol.asyncDispose]();
  expect(await database.db.query.auditEntries.findMany()).toMatchObject([
    { verb: 'workspaces-create', status: 200 },
  ]);
});
