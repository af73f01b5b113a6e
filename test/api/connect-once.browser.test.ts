import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import CDP from 'chrome-remote-interface';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { clientTextFrame } from '../../src/runtime-manager/connections/websocket/websocket-frames.ts';
import { cdpOver, openCdp, refusalOf } from '../support/cdp.ts';
import { connectOnceUrl } from '../support/connect-once.ts';
import { eventually } from '../support/eventually.ts';
import { openTestService, type TestService } from '../support/service.ts';
import { createWorkspace, test, type TestWorkspace } from '../support/test.ts';

const LEFT = { status: 'stopped', stopReason: 'closed_by_client' };

function tokenUrl(service: TestService, workspace: TestWorkspace, fields: object = {}): string {
  return connectOnceUrl(service, workspace, { token: service.apiKey, ...fields });
}

/** A bare websocket client, and the headers that answered its handshake. */
async function join(url: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { headers });
  onTestFinished(() => socket.terminate());
  const upgraded = once(socket, 'upgrade');
  await once(socket, 'open');
  const [answer]: IncomingMessage[] = await upgraded;
  return { socket, told: answer?.headers ?? {}, cdp: cdpOver(socket) };
}

/** Resolves with the runtime once it matches. */
function becomes(service: TestService, { runtimes }: TestWorkspace, ref: string, like: object) {
  return eventually(async () => {
    const { json } = await service.call('GET', `${runtimes}/${ref}`);
    expect(json).toMatchObject(like);
    return json;
  });
}

async function versionOf(cdp: { send: (method: string) => Promise<object> }): Promise<void> {
  expect(await cdp.send('Browser.getVersion')).toMatchObject({
    product: expect.stringMatching(/^Chrome\//),
  });
}

test('puppeteer gets a browser by one URL, and the runtime ends with it', async ({
  service,
  workspace,
}) => {
  const url = tokenUrl(service, workspace, { alias: 'pup', idleTimeoutSeconds: 77 });
  const browser = await puppeteer.connect({ browserWSEndpoint: url, defaultViewport: null });
  const [page] = await browser.pages();
  expect(await page?.evaluate(() => 6 * 7)).toBe(42);
  await becomes(service, workspace, 'pup', {
    status: 'active',
    driver: 'playwright',
    idleTimeoutSeconds: 77,
  });
  await browser.disconnect();
  await becomes(service, workspace, 'pup', LEFT);
});

test('playwright gets a browser by one URL, with the key in a header', async ({
  service,
  workspace,
}) => {
  const url = connectOnceUrl(service, workspace, { alias: 'play' });
  const headers = { authorization: `Bearer ${service.apiKey}` };
  const browser = await chromium.connectOverCDP(url, { headers });
  const page = browser.contexts()[0]?.pages()[0];
  expect(await page?.evaluate('6 * 7')).toBe(42);
  await browser.close();
  await becomes(service, workspace, 'play', LEFT);
});

test('chrome-remote-interface gets a browser by one URL', async ({ service, workspace }) => {
  const target = tokenUrl(service, workspace, { alias: 'cri' });
  const client = await CDP({ target, local: true });
  expect(await client.Browser.getVersion()).toMatchObject({
    product: expect.stringMatching(/^Chrome\//),
  });
  await client.close();
  await becomes(service, workspace, 'cri', LEFT);
});

test('the answer names the runtime, and an alias is generated', async ({ service, workspace }) => {
  const { told, cdp, socket } = await join(tokenUrl(service, workspace), {
    'x-request-id': 'trace-9',
  });
  await versionOf(cdp);
  expect(told).toMatchObject({ 'x-request-id': 'trace-9', 'ratelimit-limit': expect.any(String) });
  const id = String(told['x-bctrl-runtime-id']);
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}`);
  expect(json).toMatchObject({ id, status: 'active', alias: told['x-bctrl-runtime-alias'] });
  socket.close();
  await becomes(service, workspace, id, LEFT);
});

test('launch and egress mean the same as in the body of a create', async ({
  service,
  workspace,
}) => {
  const egress = { deny: ['*.tracker.example'] };
  const launch = { mode: 'ephemeral', config: { humanize: true, humanizePersonaId: 7 } };
  const fields = { alias: 'said', driver: 'puppeteer', maxDurationSeconds: 99, launch, egress };
  using _client = await openCdp(tokenUrl(service, workspace, fields));
  await becomes(service, workspace, 'said', {
    driver: 'puppeteer',
    maxDurationSeconds: 99,
    egress,
  });
});

test('the state of a profile is saved when the client leaves', async ({ service, workspace }) => {
  const profiles = '/v1/browser-profiles';
  const { id } = (await service.call('POST', profiles, { name: workspace.name })).json;
  const launch = { mode: 'profile', profileId: id };
  const { socket, cdp } = await join(tokenUrl(service, workspace, { alias: 'keeps', launch }));
  await versionOf(cdp);
  socket.close();
  await becomes(service, workspace, 'keeps', LEFT);
  const { json } = await service.call('GET', `${profiles}/${id}/versions`);
  expect(json.versions).toEqual([expect.objectContaining({ kind: 'saved' })]);
});

test('many clients at once each get a browser, and every browser ends with its client', async ({
  service,
  workspace,
}) => {
  const clients = await Promise.all(
    Array.from({ length: 8 }, () => join(tokenUrl(service, workspace))),
  );
  await Promise.all(clients.map(({ cdp }) => versionOf(cdp)));
  const ids = clients.map(({ told }) => String(told['x-bctrl-runtime-id']));
  expect(new Set(ids).size).toBe(8);
  for (const { socket } of clients) socket.terminate();
  await Promise.all(ids.map((id) => becomes(service, workspace, id, LEFT)));
  await eventually(() => expect(service.node.live.size).toBe(0));
});

test('a client that is killed takes its runtime with it', async ({ service, workspace }) => {
  const program = `new WebSocket(process.argv[1]).onopen = () => console.log('open')`;
  const url = tokenUrl(service, workspace, { alias: 'killed' });
  const client = spawn(process.execPath, ['-e', program, url]);
  onTestFinished(() => void client.kill('SIGKILL'));
  await once(client.stdout, 'data');
  await becomes(service, workspace, 'killed', { status: 'active' });
  client.kill('SIGKILL');
  await becomes(service, workspace, 'killed', LEFT);
});

test('a runtime with keepAlive stays, and is found by its alias', async ({
  service,
  workspace,
}) => {
  const fields = { alias: 'kept', keepAlive: true };
  const first = await join(tokenUrl(service, workspace, fields));
  await versionOf(first.cdp);
  first.socket.close();
  const { connection } = await eventually(async () => {
    const connections = await service.call('GET', `${workspace.runtimes}/kept/connections`);
    expect(connections.json.connections[0]).toMatchObject({ attachedClients: 0 });
    return (await service.call('GET', `${workspace.runtimes}/kept`)).json;
  });
  using again = await openCdp(connection.cdpUrl);
  await versionOf(again);
  const used = await refusalOf(tokenUrl(service, workspace, fields));
  expect(used).toMatchObject({ status: 409, json: { code: 'runtime.alias_in_use' } });
  expect((await workspace.stop('kept')).json).toMatchObject({ stopReason: 'requested' });
});

test('the runtime ends with the client that it was made for, whoever else is attached', async ({
  service,
  workspace,
}) => {
  const first = await join(tokenUrl(service, workspace, { alias: 'shared' }));
  const { json } = await service.call('GET', `${workspace.runtimes}/shared`);
  using other = await openCdp(json.connection.cdpUrl);
  const closed = once(other.socket, 'close');
  first.socket.terminate();
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([1001, 'The browser was closed.']);
});

test('a runtime that ends by itself tells its client why', async ({ service, workspace }) => {
  for (const [alias, end, word] of [
    ['stopped', () => workspace.stop('stopped'), 'The runtime was stopped.'],
    ['idle', () => undefined, 'The runtime was stopped: it was idle for too long.'],
  ] as const) {
    const fields = { alias, ...(alias === 'idle' && { idleTimeoutSeconds: 1 }) };
    const { socket } = await join(tokenUrl(service, workspace, fields));
    const closed = once(socket, 'close');
    await end();
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([1001, word]);
  }
});

test('a runtime that is started again is no longer bound to its first client', async ({
  service,
  workspace,
}) => {
  const { socket } = await join(tokenUrl(service, workspace, { alias: 'again' }));
  const closed = once(socket, 'close');
  const restarted = await service.call('POST', `${workspace.runtimes}/again/restart`);
  expect(restarted.json).toMatchObject({ status: 'active', generation: 2 });
  await closed;
  using client = await openCdp(restarted.json.connection.cdpUrl);
  await versionOf(client);
});

function command(id: number): Buffer {
  return clientTextFrame(Buffer.from(JSON.stringify({ id, method: 'Browser.getVersion' })));
}

test('what a client sends right behind its handshake is not lost', async ({
  service,
  workspace,
}) => {
  const { hostname, port, pathname, search } = new URL(tokenUrl(service, workspace));
  const handshake = [
    `GET ${pathname}${search} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ];
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.write(Buffer.concat([Buffer.from(handshake.join('\r\n')), command(1)]));
  // Two more commands, one of them in pieces, while the browser is being taken.
  const [start, rest] = [command(2).subarray(0, 9), command(2).subarray(9)];
  setImmediate(() => socket.write(start, () => socket.write(Buffer.concat([rest, command(3)]))));
  let said = '';
  socket.on('data', (chunk) => {
    said += chunk.toString('latin1');
  });
  await eventually(() => {
    for (const id of [1, 2, 3]) expect(said).toContain(`{"id":${id},"result":`);
  });
});

test('a name that is percent-encoded is the same workspace', async ({ service, workspace }) => {
  const id = workspace.name.replace('w', '%77');
  using client = await openCdp(
    connectOnceUrl(service, { id }, { token: service.apiKey, alias: 'encoded' }),
  );
  await versionOf(client);
  await becomes(service, workspace, 'encoded', { status: 'active' });
});

test('the request is logged with its runtime, and without the key', async ({
  service,
  workspace,
}) => {
  const { told, socket } = await join(tokenUrl(service, workspace));
  const id = String(told['x-bctrl-runtime-id']);
  socket.close();
  await becomes(service, workspace, id, LEFT);
  const lines = service.logged.map((line) => JSON.parse(line));
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'request',
      method: 'GET',
      path: `/v1/workspaces/${workspace.id}/connect`,
      status: 101,
      runtimeId: id,
    }),
  );
  expect(service.logged.join()).not.toContain(service.apiKey);
});

test('whoever hangs up in the queue leaves it, also with keepAlive', async () => {
  await using service = await openTestService({ admission: { maxRuntimes: 1 } });
  const workspace = await createWorkspace(service);
  const first = await join(tokenUrl(service, workspace, { alias: 'first' }));
  for (const [alias, keepAlive] of [
    ['gone', false],
    ['gone-too', true],
  ] as const) {
    const waiting = new WebSocket(tokenUrl(service, workspace, { alias, keepAlive }));
    waiting.on('error', () => undefined);
    await becomes(service, workspace, alias, { status: 'active' });
    expect(service.node.load.waiting).toBe(1);
    waiting.terminate();
    await becomes(service, workspace, alias, {
      status: 'failed',
      failure: { code: 'runtime.abandoned' },
    });
    expect(service.node.load.waiting).toBe(0);
  }
  // The client that still waits gets the place of the one that leaves.
  const next = join(tokenUrl(service, workspace, { alias: 'next' }));
  await becomes(service, workspace, 'next', { status: 'active' });
  first.socket.close();
  await versionOf((await next).cdp);
});

test('a refusal for want of room is the same as that of a create', async () => {
  await using service = await openTestService({
    admission: { maxRuntimes: 1, queueTimeoutMs: 100 },
    maxRuntimesPerOrganization: 2,
  });
  const workspace = await createWorkspace(service);
  await join(tokenUrl(service, workspace, { alias: 'first' }));
  const late = await refusalOf(tokenUrl(service, workspace));
  expect(late).toMatchObject({
    status: 503,
    headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
    json: { code: 'runtime.no_capacity' },
  });
});

test('a runtime beyond the limit of the organization is refused', async () => {
  await using service = await openTestService({ maxRuntimesPerOrganization: 1 });
  const workspace = await createWorkspace(service);
  await join(tokenUrl(service, workspace, { alias: 'first' }));
  const over = await refusalOf(tokenUrl(service, workspace));
  expect(over).toMatchObject({ status: 429, json: { code: 'runtime.quota_exceeded' } });
});

test('a service that shuts down tells its clients, including those that wait', async () => {
  await using service = await openTestService({ admission: { maxRuntimes: 1 } });
  const workspace = await createWorkspace(service);
  const first = await join(tokenUrl(service, workspace, { alias: 'first', keepAlive: true }));
  const closed = once(first.socket, 'close');
  const refused = refusalOf(tokenUrl(service, workspace, { alias: 'second' }));
  await becomes(service, workspace, 'second', { status: 'active' });
  const ended = service.node[Symbol.asyncDispose]();
  expect(await refused).toMatchObject({ status: 503, json: { code: 'service.shutting_down' } });
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([
    1001,
    'The service is shutting down: the runtime was stopped.',
  ]);
  await ended;
});
