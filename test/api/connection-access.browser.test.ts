import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { judge } from '../../src/runtime-manager/connections/cdp/cdp-policy.ts';
import { openCdp, refusalOf } from '../support/cdp.ts';
import { openFakeService, openTestService } from '../support/service.ts';
import { listeningPorts, processesOf } from '../support/processes.ts';
import { openSite } from '../support/site.ts';
import { createWorkspace, testWithoutWarm as test } from '../support/test.ts';

test('an additional connection can be listed and revoked', async ({ service, workspace }) => {
  const { id } = await workspace.create();
  const path = `${workspace.runtimes}/${id}/connections`;
  const made = await service.call('POST', path, { ttlSeconds: 60 });
  expect(made).toMatchObject({
    status: 200,
    json: { id: expect.any(String), protocol: 'cdp', access: 'control' },
  });
  const inAMinute = Date.parse(made.json.expiresAt) - Date.now();
  expect(inAMinute).toBeGreaterThan(50_000);
  expect(inAMinute).toBeLessThanOrEqual(60_000);

  using client = await openCdp(made.json.url);
  const closed = once(client.socket, 'close');
  await client.send('Browser.getVersion');
  const listed = (await service.call('GET', path)).json.connections;
  expect(listed[0]).toMatchObject({ id: made.json.id, attachedClients: 1 });
  expect(Date.now() - Date.parse(listed[0].lastActivityAt)).toBeLessThan(5000);
  expect(JSON.stringify(listed)).not.toContain('connect/');

  expect(await service.call('DELETE', `${path}/${made.json.id}`)).toMatchObject({ status: 200 });
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([1001, 'The connection was revoked.']);
  expect(await refusalOf(made.json.url)).toMatchObject({
    status: 410,
    json: { code: 'connection.revoked' },
  });
  expect(await service.call('DELETE', `${path}/${made.json.id}`)).toMatchObject({
    status: 404,
    json: { code: 'connection.not_found' },
  });
});

test("a runtime's own connection can be revoked, and is replaced by a new one", async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const path = `${workspace.runtimes}/${id}`;
  const { connections } = (await service.call('GET', `${path}/connections`)).json;
  const own = connections.find(({ protocol }: { protocol: string }) => protocol === 'cdp');
  await service.call('DELETE', `${path}/connections/${own.id}`);
  expect(await refusalOf(connection.cdpUrl)).toMatchObject({ status: 410 });
  const fresh = (await service.call('GET', path)).json.connection;
  using client = await openCdp(fresh.cdpUrl);
  await client.send('Browser.getVersion');
});

test('a runtime that is over gets no new connection', async ({ service, workspace }) => {
  const { id } = await workspace.create();
  await workspace.stop(id);
  const path = `${workspace.runtimes}/${id}/connections`;
  expect(await service.call('POST', path, {})).toMatchObject({
    status: 410,
    json: { code: 'runtime.not_active' },
  });
  expect((await service.call('GET', path)).json).toEqual({ connections: [] });
  expect(
    await service.call('POST', path, { protocol: 'webdriver', access: 'observe' }),
  ).toMatchObject({
    status: 400,
    json: { details: { issues: [{ in: 'body', path: 'access' }] } },
  });
});

test('an observer can look and cannot change anything', async ({ service, workspace }) => {
  const { id, summary } = await workspace.create();
  const path = `${workspace.runtimes}/${id}/connections`;
  const { json } = await service.call('POST', path, { access: 'observe' });
  using observer = await openCdp(json.url);
  const { sessionId } = await observer.send('Target.attachToTarget', {
    targetId: summary.defaultPageId,
    flatten: true,
  });
  const shot = await observer.send('Page.captureScreenshot', {}, String(sessionId));
  expect(String(shot['data']).length).toBeGreaterThan(100);
  for (const method of [
    'Runtime.evaluate',
    'Page.navigate',
    'Input.dispatchKeyEvent',
    'Network.getCookies',
    'Browser.close',
  ]) {
    await expect(observer.send(method, { url: 'about:blank' }, String(sessionId))).rejects.toThrow(
      `${method} is not allowed on a connection that observes`,
    );
  }
  const act = json.url.replace('ws', 'http');
  expect((await fetch(`${act}/json/list`)).status).toBe(200);
  expect((await fetch(`${act}/json/new?about:blank`, { method: 'PUT' })).status).toBe(404);
});

test('commands that reach the machine are refused, and the browser goes on', async ({
  workspace,
}) => {
  const { connection, summary } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  const { sessionId } = await client.send('Target.attachToTarget', {
    targetId: summary.defaultPageId,
    flatten: true,
  });
  const refused: [string, object][] = [
    ['Tracing.start', { perfettoConfig: 'AAAA' }],
    ['SystemInfo.getInfo', {}],
    ['Extensions.loadUnpacked', { path: '/etc' }],
    ['Page.navigate', { url: 'file:///etc/passwd' }],
    ['DOM.setFileInputFiles', { files: ['/etc/passwd'], nodeId: 1 }],
  ];
  for (const [method, params] of refused) {
    await expect(client.send(method, params, String(sessionId))).rejects.toThrow(
      `bctrl: ${method} is not allowed`,
    );
  }
  const evaluate = async (expression: string) => {
    const params = { expression, returnByValue: true, awaitPromise: true };
    const { result } = await client.send('Runtime.evaluate', params, String(sessionId));
    return (result as { value: unknown }).value;
  };
  expect(await evaluate('6 * 7')).toBe(42);
  // Nor does a detour that no inspection sees: another context, or a page's own script.
  const { browserContextId } = await client.send('Target.createBrowserContext');
  const { targetId } = await client.send('Target.createTarget', {
    url: 'about:blank',
    browserContextId,
  });
  const other = await client.send('Target.attachToTarget', { targetId, flatten: true });
  const expression = 'location.href = "file:///etc/passwd"; 1';
  await client.send('Runtime.evaluate', { expression }, String(other['sessionId']));
  await client.send('Page.enable', {}, String(other['sessionId']));
  const html = await client.send(
    'Runtime.evaluate',
    { expression: 'document.documentElement.outerHTML' },
    String(other['sessionId']),
  );
  expect(JSON.stringify(html)).not.toContain('root:');
});

test("downloads go to the runtime's folder, whatever path a client names", async ({
  service,
  workspace,
}) => {
  const { connection, summary } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  const { sessionId } = await client.send('Target.attachToTarget', {
    targetId: summary.defaultPageId,
    flatten: true,
  });
  const elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'));
  onTestFinished(() => rm(elsewhere, { recursive: true }));
  const behavior = { behavior: 'allow', downloadPath: elsewhere };
  await client.send('Browser.setDownloadBehavior', behavior);
  const url = await openSite('<a id=save download=hello.txt href="data:text/plain,saved">save</a>');
  await client.send('Page.navigate', { url }, String(sessionId));
  const click = 'document.getElementById("save")?.click()';
  const downloads = async () => {
    await client.send('Runtime.evaluate', { expression: click }, String(sessionId));
    const found = await readdir(join(service.dataDir, 'files'), { recursive: true });
    return found.filter((path) => path.endsWith('/downloads/hello.txt'));
  };
  await expect.poll(downloads).toHaveLength(1);
  expect(await readdir(elsewhere)).toEqual([]);
});

test('every command that this Chromium knows passes, is judged, or is refused with a reason', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const url = `${connection.cdpUrl.replace('ws', 'http')}/json/protocol`;
  const { domains } = Protocol.parse(await (await fetch(url)).json());
  const methods = domains.flatMap(({ domain, commands }) =>
    commands.map(({ name }) => `${domain}.${name}`),
  );
  expect(methods.length).toBeGreaterThan(600);
  const files = { seen: '/none', onHost: '/none', stagehandExtension: '/none' };
  const undecided = methods.filter((method) => {
    const verdict = judge({ id: 1, method }, 'control', files);
    return 'refuse' in verdict && verdict.unknown;
  });
  expect(undecided).toEqual([]);
});

const Protocol = z.object({
  domains: z.array(
    z.object({
      domain: z.string(),
      commands: z.array(z.object({ name: z.string() })).default([]),
    }),
  ),
});

test('two libraries at once see the same tabs', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const byPlaywright = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => byPlaywright.close());
  const byPuppeteer = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => byPuppeteer.disconnect());

  const site = await openSite('<title>from playwright</title>');
  await (await byPlaywright.contexts()[0]?.newPage())?.goto(site);
  await expect
    .poll(async () => Promise.all((await byPuppeteer.pages()).map((page) => page.title())))
    .toContain('from playwright');

  const page = await byPuppeteer.newPage();
  await page.goto(await openSite('<title>from puppeteer</title>'));
  const titles = async () =>
    Promise.all((byPlaywright.contexts()[0]?.pages() ?? []).map((one) => one.title()));
  await expect.poll(titles).toContain('from puppeteer');
});

test('documents about the browser name our address, and pages can be reached by it', async ({
  workspace,
}) => {
  const { connection, summary } = await workspace.create();
  const base = connection.cdpUrl.replace('ws:', 'http:');
  // oxlint-disable-next-line typescript/no-explicit-any
  const read = async (path: string): Promise<any> => (await fetch(base + path)).json();
  expect(await read('/json/version')).toMatchObject({ webSocketDebuggerUrl: connection.cdpUrl });
  const [page] = await read('/json/list');
  expect(page.webSocketDebuggerUrl).toBe(
    `${connection.cdpUrl}/devtools/page/${summary.defaultPageId}`,
  );
  using client = await openCdp(page.webSocketDebuggerUrl);
  expect(await client.send('Runtime.evaluate', { expression: '6 * 7' })).toMatchObject({
    result: { value: 42 },
  });
  expect((await read('/json/protocol')).domains.length).toBeGreaterThan(10);
  expect(page.devtoolsFrontendUrl.startsWith(base)).toBe(true);
  expect((await fetch(page.devtoolsFrontendUrl)).status).toBe(200);
  expect((await fetch(`${base}/json/nothing`)).status).toBe(404);
  expect((await fetch(`${base.slice(0, -1)}x/json/version`)).status).toBe(401);
});

test('every request for an unknown page is answered 404', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create();
  const byKey = `${service.url.replace('http', 'ws')}${workspace.runtimes}/${id}/cdp`;
  for (const url of [connection.cdpUrl, byKey]) {
    const socket = new WebSocket(`${url}/devtools/page/UNKNOWN`, {
      headers: { authorization: `Bearer ${service.apiKey}` },
    });
    socket.on('error', () => undefined);
    const [, response] = await once(socket, 'unexpected-response');
    const body = JSON.parse(Buffer.concat(await response.toArray()).toString());
    expect([response.statusCode, body.code]).toEqual([404, 'connection.not_found']);
  }
  const base = connection.cdpUrl.replace('ws', 'http');
  for (const act of ['close', 'activate']) {
    const answer = await fetch(`${base}/json/${act}/UNKNOWN`);
    expect([answer.status, await answer.text()]).toEqual([404, 'No such target id: UNKNOWN']);
  }
});

test('addresses follow the public URL, and the headers of a trusted proxy only', async () => {
  await using fixed = await openFakeService({
    publicUrl: 'https://browsers.example',
  });
  const { connection } = await (await createWorkspace(fixed)).create();
  expect(connection.cdpUrl).toMatch(/^wss:\/\/browsers\.example\/v1\/connect\//);
  expect(connection.webdriverUrl).toMatch(/^https:\/\/browsers\.example\/v1\/connect\//);

  for (const [trustedProxies, expected] of [
    [['127.0.0.0/8'], /^wss:\/\/outside\.example:8443\/v1\/connect\//],
    [['10.0.0.0/8'], /^ws:\/\/127\.0\.0\.1:\d+\/v1\/connect\//],
  ] as const) {
    await using service = await openFakeService({
      trustedProxies: [...trustedProxies],
    });
    const workspace = await createWorkspace(service);
    const { id } = await workspace.create();
    const response = await fetch(`${service.url}${workspace.runtimes}/${id}`, {
      headers: {
        authorization: `Bearer ${service.apiKey}`,
        'x-forwarded-host': 'outside.example:8443, inner',
        'x-forwarded-proto': 'https',
      },
    });
    expect(await response.json()).toMatchObject({
      connection: { cdpUrl: expect.stringMatching(expected) },
    });
  }
});

test('the path of a runtime takes only the API key', async ({ service, workspace }) => {
  const { alias } = await workspace.create();
  const url = `${service.url.replace('http', 'ws')}${workspace.runtimes}/${alias}/cdp`;
  expect(await refusalOf(url)).toMatchObject({ status: 401, json: { code: 'auth.required' } });
  const other = url.replace(alias, 'nothing');
  const socket = new WebSocket(other, { headers: { authorization: `Bearer ${service.apiKey}` } });
  socket.on('error', () => undefined);
  const [, response] = await once(socket, 'unexpected-response');
  expect(response.statusCode).toBe(404);
});

test('the mistakes of a client harm nobody else', async ({ service, workspace }) => {
  const { connection } = await workspace.create();
  using bystander = await openCdp(connection.cdpUrl);
  const refuses = async (send: (socket: WebSocket) => void): Promise<number> => {
    const socket = new WebSocket(connection.cdpUrl);
    await once(socket, 'open');
    send(socket);
    const [code] = await once(socket, 'close');
    return code;
  };
  expect(await refuses((socket) => socket.send('x'.repeat(100 * 1024 * 1024 + 1)))).toBe(1009);

  expect(await refuses((socket) => socket.send(Buffer.from('{"id":1}')))).toBe(1003);

  const deep = `{"id":1,"method":"Target.getTargets","params":{"\\u0078":${'['.repeat(2e5)}${']'.repeat(2e5)}}}`;
  expect(await refuses((socket) => socket.send(deep))).toBe(1007);

  using garbage = await openCdp(connection.cdpUrl);
  garbage.socket.send('this is no JSON');
  const vanishing = await openCdp(connection.cdpUrl);
  vanishing.socket.terminate();

  // A client that asks for a websocket and then never says anything.
  const { hostname, port, pathname } = new URL(connection.cdpUrl);
  const silent = connect(Number(port), hostname);
  onTestFinished(() => void silent.destroy());
  silent.write(
    `GET ${pathname} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  await once(silent, 'data');
  silent.write(Buffer.from([0x01]));

  expect(await bystander.send('Browser.getVersion')).toHaveProperty('product');
  expect(await service.call('GET', '/healthz')).toMatchObject({ status: 200 });
});

test('an invalid handshake is refused with a reason', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { hostname, port, pathname } = new URL(connection.cdpUrl);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  );
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 400 [^]*"code":"request.invalid"/);
});

test('the body of an unauthorized request is not read', async ({ service }) => {
  const response = await fetch(`${service.url}/v1/connect/garbage/session`, {
    method: 'POST',
    body: 'x'.repeat(1_000_000),
  });
  expect(response.status).toBe(401);
});

test('a page that finds an internal port of the service is kept out', async () => {
  // In a jail there is no such port.
  await using service = await openTestService({ jailMode: 'off' });
  const workspace = await createWorkspace(service);
  const { connection } = await workspace.create();
  const created = await fetch(`${connection.webdriverUrl}/session`, {
    method: 'POST',
    body: JSON.stringify({ capabilities: {} }),
  });
  expect(created.status).toBe(200);
  const [driver] = (await processesOf(service.browserRoot)).filter(({ command }) =>
    /^[^\0]*chromedriver\0/.test(command),
  );
  expect(driver?.command).toMatch(/--url-base=\/[0-9a-f]{32}/);
  const listening = (await listeningPorts(process.pid)).filter(
    (port) => port !== Number(new URL(service.url).port),
  );
  expect(listening.length).toBeGreaterThan(0);
  for (const port of listening) {
    const page = new WebSocket(`ws://127.0.0.1:${port}/`, { origin: `http://127.0.0.1:${port}` });
    const [error] = await once(page, 'error');
    expect(String(error)).toMatch(/hang up|ECONNRESET|Unexpected server response/);
  }
});

test('a slow body starts nothing once the runtime is over', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create();
  const { hostname, port, pathname } = new URL(connection.webdriverUrl);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const body = JSON.stringify({ capabilities: {} });
  socket.write(
    `POST ${pathname}/session HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  await workspace.stop(id);
  socket.write(body.slice(5));
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 410 /);
  await expect.poll(() => processesOf(service.browserRoot)).toEqual([]);
});

test('a client that hangs up in the middle of a body is not logged as a failure', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const { hostname, port, pathname } = new URL(connection.webdriverUrl);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(
    `POST ${pathname}/session HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: 100\r\n\r\n{`,
  );
  const inUse = async () => {
    const { json } = await service.call('GET', `${workspace.runtimes}/${id}/connections`);
    return json.connections.map((one: { lastActivityAt: unknown }) => one.lastActivityAt);
  };
  await expect.poll(inUse).toContainEqual(expect.any(String));
  socket.destroy();
  const linesOf = () => service.logged.filter((line) => line.includes('"status":400'));
  await expect.poll(linesOf).not.toEqual([]);
  expect(service.logged.filter((line) => line.startsWith('{"level":50'))).toEqual([]);
});

test('attached clients are told that their runtime was stopped', async ({ workspace }) => {
  const { id, connection } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  const closed = once(client.socket, 'close');
  await workspace.stop(id);
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([1001, 'The runtime was stopped.']);
});
