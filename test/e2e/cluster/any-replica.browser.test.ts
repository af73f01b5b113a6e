import { once } from 'node:events';
import { chromium } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { openCdp } from '../../support/cdp.ts';
import type { ClusterProcess } from '../../support/cluster.ts';
import { connectOnceUrl } from '../../support/connect-once.ts';
import { contention } from '../../support/contention.ts';
import { eventually } from '../../support/eventually.ts';
import { EventStream } from '../../support/event-stream.ts';
import { puppeteerPage } from '../../support/first-page.ts';
import { HAS_NATS } from '../../support/nats-server.ts';
import { openHttpProxy } from '../../support/proxies.ts';
import {
  at,
  createOnBoth,
  disconnected,
  nodeIdOf,
  testWithReplicas,
} from '../../support/replicas.ts';
import { attach } from '../../support/selenium.ts';
import { oneShot, pngOf } from '../../support/one-shots.ts';
import { decode, takeScreenshot } from '../../support/screenshots.ts';
import { openSite } from '../../support/site.ts';
import { createWorkspace } from '../../support/test.ts';
import { testFiles } from './any-replica.files.ts';
import { testOperations } from './any-replica.operations.ts';
import { testProfiles } from './any-replica.profiles.ts';

const test = testWithReplicas().skipIf(!HAS_NATS);
const SECOND_MS = 1000;
/** No picture of it is small. */
const NOISE = `<body style="margin: 0"><canvas width="1280" height="800"></canvas><script>
  const context = document.querySelector('canvas').getContext('2d');
  const noise = context.createImageData(1280, 800);
  for (let nth = 0; nth < noise.data.length; nth++) noise.data[nth] = Math.random() * 256;
  context.putImageData(noise, 0, 0);
</script>`;

test('a runtime that one API made is found and listed at another', async ({ replicas }) => {
  const { second } = replicas;
  const { workspace, runtimes } = await createOnBoth(replicas);
  for (const { id, alias } of runtimes) {
    const found = await second.call('GET', `${workspace.runtimes}/${alias}`);
    expect(found).toMatchObject({ status: 200, json: { id, status: 'active' } });
    expect(found.json.connection.cdpUrl).toContain(new URL(second.url).host);
  }
  for (const path of [workspace.runtimes, '/v1/runtimes']) {
    const { json } = await second.call('GET', `${path}?status=active`);
    const ids = json.runtimes.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining(runtimes.map(({ id }) => id)));
  }
});

test('every driver speaks by one API to a runtime that another API made', async ({ replicas }) => {
  const { first, second } = replicas;
  const workspace = await createWorkspace(first);
  const site = await openSite('<title>here</title>');
  const { connection } = await workspace.create({ driver: 'selenium' });
  const page = await puppeteerPage(at(second, connection.cdpUrl), 'about:blank');
  await page.goto(site);
  const over = await chromium.connectOverCDP(at(second, connection.cdpUrl));
  onTestFinished(() => over.close());
  expect(await over.contexts()[0]?.pages()[0]?.title()).toBe('here');
  const native = await chromium.connect(at(second, connection.playwrightUrl));
  onTestFinished(() => native.close());
  const own = await native.newPage();
  await own.goto(site);
  expect(await own.title()).toBe('here');
  const driver = await attach(at(second, connection.webdriverUrl));
  onTestFinished(() => driver.quit());
  await driver.get(site);
  expect(await driver.getTitle()).toBe('here');
});

test('a connection is made, used and revoked at any API', async ({ replicas }) => {
  const { first, second } = replicas;
  const { runtimes, create } = await createWorkspace(first);
  const path = `${runtimes}/${(await create()).id}/connections`;
  const made = await second.call('POST', path, { protocol: 'cdp', access: 'observe' });
  expect(made).toMatchObject({ status: 200 });
  const { id, url } = made.json;
  using client = await openCdp(at(first, url));
  expect(await client.send('Browser.getVersion')).toHaveProperty('product');
  const listed = await second.call('GET', path);
  expect(listed.json.connections[0]).toMatchObject({
    id,
    access: 'observe',
    attachedClients: 1,
  });
  const closed = once(client.socket, 'close');
  expect(await second.call('DELETE', `${path}/${id}`)).toMatchObject({ status: 200 });
  const [code] = await closed;
  expect(code).toBe(1001);
  expect(await first.call('DELETE', `${path}/${id}`)).toMatchObject({
    status: 404,
    json: { code: 'connection.not_found' },
  });
});

test('the proxy of a runtime is changed at another API', async ({ replicas }) => {
  const { first, second } = replicas;
  const { runtimes, create } = await createWorkspace(first);
  const { id, connection } = await create();
  const proxy = await openHttpProxy({ names: { 'site.example': '127.0.0.1' } });
  const { port } = new URL(await openSite('<title>by proxy</title>'));
  const path = `${runtimes}/${id}/proxy`;
  const config = { type: 'http', host: '127.0.0.1', port: proxy.port };
  const changed = await second.call('PUT', path, { proxy: config });
  expect(changed, changed.text).toMatchObject({ status: 200 });
  const page = await puppeteerPage(connection.cdpUrl, 'about:blank');
  await page.goto(`http://site.example:${port}/`);
  expect(await page.title()).toBe('by proxy');
  expect(proxy.asked).toContain(`site.example:${port}`);
  const refused = await second.call('PUT', path, { proxy: { ...config, port: 1 } });
  expect(refused.json).toMatchObject({ code: 'proxy.unreachable' });
});

test('what a companion is asked at another API gets an answer that fits', async ({ replicas }) => {
  const { first, second } = replicas;
  const { runtimes, create } = await createWorkspace(first);
  const path = `${runtimes}/${(await create()).id}/captchas/solve`;
  expect(await second.call('POST', path, { timeoutMs: 1000 })).toMatchObject({
    status: 404,
    json: { code: 'captcha.not_found' },
  });
});

test('a person takes control at one API, and input that came by another waits', async ({
  replicas,
}) => {
  const { first, second } = replicas;
  const { runtimes, create } = await createWorkspace(first);
  const { id, connection } = await create();
  const path = `${runtimes}/${id}/control`;
  const html = '<title>-</title><body style="height:90vh" onclick="document.title += 1">';
  const page = await puppeteerPage(connection.cdpUrl, await openSite(html));
  await second.call('POST', `${path}/request`, { reason: 'a login' });
  expect(await first.call('GET', path)).toMatchObject({
    json: { holder: 'agent', viewer: null, request: { reason: 'a login' } },
  });
  const taken = await second.call('POST', path, { holder: 'human', clientsWaitSeconds: 30 });
  expect(taken).toMatchObject({ status: 200, json: { holder: 'human', clientsWaitSeconds: 30 } });
  const click = page.mouse.click(10, 10);
  expect(await page.title()).toBe('-');
  const waited = second.call('POST', `${runtimes}/${id}/events/wait`, {
    after: '0',
    eventTypes: ['runtime.control_returned'],
  });
  await first.call('POST', path, { holder: 'agent' });
  await click;
  expect(await page.title()).toBe('-1');
  expect((await waited).json).toMatchObject({ event: { data: { cause: 'returned' } } });
});

test('what happens in pages is told at every API within a second', async ({ replicas }) => {
  const { first, second } = replicas;
  const { runtimes, create } = await createWorkspace(first);
  const { id, connection } = await create();
  const page = await puppeteerPage(connection.cdpUrl, 'about:blank');
  const path = `${runtimes}/${id}/events`;
  using stack = new DisposableStack();
  const streams = await Promise.all(
    [first, second].flatMap((api) => [
      EventStream.open(api, `${path}/stream`),
      EventStream.open(api, '/v1/events/stream'),
    ]),
  );
  for (const one of streams) stack.use(one);
  const told = Promise.all(streams.map((one) => one.tells('page.loaded', id)));
  // The pages are observed from some moment on.
  const reloading = setInterval(() => void page.reload().catch(() => undefined), SECOND_MS);
  stack.defer(() => clearInterval(reloading));
  await told;
  clearInterval(reloading);
  const known = await first.call('GET', path);
  const said = { after: known.json.events.at(-1).id, eventTypes: ['console.message'] };
  const waits = [first, second].map((api) => api.call('POST', `${path}/wait`, said));
  const begunAt = performance.now();
  await page.evaluate(() => console.log('a word'));
  await Promise.all(streams.map((one) => one.tells('console.message', 'a word')));
  const answers = await Promise.all(waits);
  expect(performance.now() - begunAt).toBeLessThan(SECOND_MS * contention());
  for (const { json } of answers) expect(json.event).toMatchObject({ type: 'console.message' });
  const { json } = await second.call('GET', path);
  const types = json.events.map(({ type }: { type: string }) => type);
  expect(types).toEqual(expect.arrayContaining(['runtime.created', 'runtime.connected']));
});

test('a runtime is stopped, started, restarted and deleted at another API', async ({
  replicas: { first, second },
}) => {
  const { runtimes, create } = await createWorkspace(first);
  const { id } = await create();
  const path = `${runtimes}/${id}`;
  const stopped = { status: 'stopped', stopReason: 'requested' };
  expect(await second.call('POST', `${path}/stop`)).toMatchObject({ status: 200, json: stopped });
  expect(await first.call('GET', path)).toMatchObject({ json: stopped });
  const started = await second.call('POST', `${path}/start`);
  expect(started).toMatchObject({ status: 200, json: { status: 'active', generation: 2 } });
  const again = await second.call('POST', `${path}/restart`);
  expect(again).toMatchObject({ status: 200, json: { status: 'active', generation: 3 } });
  const page = await puppeteerPage(at(first, again.json.connection.cdpUrl), 'about:blank');
  expect(await page.evaluate(() => 6 * 7)).toBe(42);
  expect(await second.call('DELETE', path)).toMatchObject({ json: { code: 'runtime.active' } });
  await second.call('POST', `${path}/stop`);
  expect(await second.call('DELETE', path)).toMatchObject({ status: 200 });
  expect(await first.call('GET', path)).toMatchObject({ json: { code: 'runtime.not_found' } });
});

test('a workspace is deleted with its runtimes on every node', async ({ replicas }) => {
  const { workspace, runtimes } = await createOnBoth(replicas);
  const pages = await Promise.all(
    runtimes.map(({ connection }) => puppeteerPage(connection.cdpUrl, 'about:blank')),
  );
  const gone = pages.map((page) => disconnected(page.browser()));
  const path = `/v1/workspaces/${workspace.id}`;
  expect(await replicas.second.call('DELETE', `${path}?force=true`)).toMatchObject({ status: 200 });
  await Promise.all(gone);
  expect(await replicas.first.call('GET', path)).toMatchObject({ status: 404 });
});

/** A client that a runtime is made for at an API. */
async function connectOnce(api: ClusterProcess, fields: object) {
  const workspace = await createWorkspace(api);
  const socket = new WebSocket(connectOnceUrl(api, workspace, { token: api.apiKey, ...fields }));
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return { workspace, socket };
}

test('one URL at any API makes a runtime that ends with its client, unless it is kept', async ({
  replicas: { first, second },
}) => {
  const ending = await connectOnce(first, { alias: 'ending' });
  const path = `${ending.workspace.runtimes}/ending`;
  expect((await second.call('GET', path)).json).toMatchObject({ status: 'active' });
  ending.socket.close();
  await eventually(async () => {
    const { json } = await second.call('GET', path);
    expect(json).toMatchObject({ status: 'stopped', stopReason: 'closed_by_client' });
  });
  const kept = await connectOnce(first, { alias: 'kept', keepAlive: true });
  kept.socket.close();
  const connections = `${kept.workspace.runtimes}/kept/connections`;
  await eventually(async () => {
    const { json } = await second.call('GET', connections);
    expect(json.connections[0]).toMatchObject({ attachedClients: 0 });
  });
  const { json } = await second.call('GET', `${kept.workspace.runtimes}/kept`);
  using client = await openCdp(json.connection.cdpUrl);
  expect(await client.send('Browser.getVersion')).toHaveProperty('product');
});

test('every process tells how it is', async ({ replicas: { nodes, first, second } }) => {
  for (const one of [...nodes, first, second]) {
    expect(await one.call('GET', '/readyz')).toMatchObject({
      status: 200,
      json: { status: 'ready', checks: { database: true, chromium: true, bus: true } },
    });
    expect((await one.call('GET', '/metrics')).text).toContain('bctrl_');
  }
  for (const api of [first, second]) {
    expect(await api.call('GET', '/v1/doctor')).toMatchObject({ status: 200, json: {} });
  }
  for (const node of nodes) {
    expect(await node.call('GET', '/v1/runtimes')).toMatchObject({ status: 404 });
  }
});

test('runtimes are spread over the nodes', async ({ replicas }) => {
  const { runtimes } = await createOnBoth(replicas);
  const ids = runtimes.map(({ connection }) => nodeIdOf(connection.cdpUrl));
  expect(ids).toEqual(replicas.nodes.map(({ nodeId }) => nodeId));
});

test('a screenshot of any size, or why there is none, comes by another API', async ({
  replicas,
}) => {
  const { first, second } = replicas;
  const { runtimes, create } = await createWorkspace(first);
  const { id, connection } = await create();
  const path = `${runtimes}/${id}`;
  const page = await puppeteerPage(connection.cdpUrl, await openSite(NOISE));
  const full = await takeScreenshot(second, path);
  expect(full.bytes.length).toBeGreaterThan(1024 ** 2);
  const size = await page.evaluate('[innerWidth, innerHeight]');
  const { type, width, height } = await decode(page, full);
  expect({ type, size: [width, height] }).toEqual({ type: 'image/png', size });
  const thumbnail = await decode(page, await takeScreenshot(second, path, { width: '320' }));
  expect(thumbnail).toMatchObject({ type: 'image/jpeg', width: 320 });
  expect(await takeScreenshot(second, path, { pageId: 'nothing' })).toMatchObject({
    status: 404,
    json: { code: 'page.not_found' },
  });
  const session = await page.createCDPSession();
  session.send('Page.crash').catch(() => undefined);
  await eventually(async () => {
    expect(await takeScreenshot(second, path, { width: '320' })).toMatchObject({
      status: 409,
      json: { code: 'page.unavailable', details: { reason: 'crashed' } },
    });
  });
});

test('a one-shot is carried out on whichever node, and leaves no runtime there', async ({
  replicas,
}) => {
  const { first, second } = replicas;
  const { id: workspace, runtimes } = await createWorkspace(first);
  const url = await openSite(NOISE);
  const [picture, content, refused] = await Promise.all([
    oneShot(first, 'screenshot', { url }, { workspace }),
    oneShot(second, 'content', { url }, { workspace }),
    oneShot(second, 'content', { url: 'http://nobody.invalid/' }, { workspace }),
  ]);
  expect(pngOf(picture)).toMatchObject({ width: 1280, height: 720 });
  expect(picture.bytes.length).toBeGreaterThan(1024 ** 2);
  expect(picture.headers.get('x-bctrl-page-url')).toBe(url);
  expect(picture.headers.get('x-bctrl-page-status')).toBe('200');
  expect(content.text).toContain('<canvas');
  expect(refused).toMatchObject({
    status: 422,
    json: { code: 'page.load_failed', details: { error: 'net::ERR_NAME_NOT_RESOLVED' } },
  });
  await eventually(async () => {
    const { json } = await first.call('GET', `${runtimes}?status=active`);
    expect(json.runtimes).toEqual([]);
  });
});

testProfiles(test);
testFiles(test);
testOperations(test);
