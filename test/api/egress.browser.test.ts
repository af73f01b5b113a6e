import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import puppeteer, { type Page } from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { openHttpProxy } from '../support/proxies.ts';
import { openSite } from '../support/site.ts';
import { openTestService, type TestService } from '../support/service.ts';
import { createWorkspace, test as base, type TestWorkspace } from '../support/test.ts';
import { openWaysSite } from '../support/ways-site.ts';

/** Of all internal addresses, browsers may reach only 127.0.0.2 here. */
const test = base.extend('closed', { scope: 'file' }, async ({}, { onCleanup }) => {
  const service = await openTestService({ egressAllow: ['127.0.0.2'] });
  onCleanup(() => service[Symbol.asyncDispose]());
  return service;
});

async function openPage(cdpUrl: string): Promise<Page> {
  const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  if (!page) throw new Error('there is no page');
  return page;
}

async function refusals({ call }: TestService, workspace: TestWorkspace, id: string) {
  const { json } = await call('GET', `${workspace.runtimes}/${id}/events`);
  return json.events
    .filter(({ type }: { type: string }) => type === 'egress.refused')
    .map(({ data }: { data: unknown }) => data);
}

const quiet = (work: string) => `${work}.then(() => 'reached', () => 'failed')`;
const reading = (url: string) => quiet(`fetch('${url}', { mode: 'no-cors' })`);
const loading = (tag: string, url: string) =>
  `new Promise((r) => { const e = document.createElement('${tag}'); e.src = '${url}';
     e.onload = () => r('reached'); e.onerror = () => r('failed'); document.body.append(e); })`;
const socket = (url: string) =>
  `new Promise((r) => { const s = new WebSocket('${url.replace('http', 'ws')}');
     s.onopen = () => r('reached'); s.onerror = () => r('failed'); })`;
const worker = (url: string) =>
  `new Promise((r) => { const code = "fetch('${url}', { mode: 'no-cors' }).then((a) => postMessage('reached'), () => postMessage('failed'))";
     new Worker(URL.createObjectURL(new Blob([code]))).onmessage = (e) => r(e.data); })`;
const serviceWorker = (url: string) =>
  `navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)
     .then(({ active }) => new Promise((r) => {
       navigator.serviceWorker.onmessage = (e) => r(e.data);
       active.postMessage('${url}');
     }))`;

test('internal addresses are refused in every spelling and by every way, with a clear answer', async ({
  closed,
}) => {
  const site = await openWaysSite();
  const workspace = await createWorkspace(closed);
  const { id, connection } = await workspace.create();
  const page = await openPage(connection.cdpUrl);
  const allowed = `http://127.0.0.2:${site.port}`;
  for (const host of ['127.0.0.1', '2130706433', '0177.1', '0x7f.1', 'localhost', 'localhost.']) {
    const answer = await page.goto(`http://${host}:${site.port}/secret`);
    expect(answer?.status(), host).toBe(403);
    expect(await answer?.text()).toContain('does not let this browser reach');
  }
  for (const host of [
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '169.254.169.254',
    '0.0.0.0',
  ]) {
    const answer = await page.goto(`http://${host}:${site.port}/secret`);
    expect(answer?.status(), host).toBe(403);
  }
  await page.goto(`${allowed}/`);
  expect(await page.title()).toBe('ways');
  const secret = `http://127.0.0.1:${site.port}/secret`;
  const redirected = await page.goto(`${allowed}/to?${encodeURIComponent(secret)}`);
  expect(redirected?.status()).toBe(403);
  await page.goto(`${allowed}/`);
  // A page cannot tell a refusal from an answer that it may not read; only the site can.
  for (const way of [
    reading,
    (url: string) => loading('img', url),
    (url: string) => loading('iframe', url),
    worker,
    serviceWorker,
  ]) {
    await page.evaluate(way(secret));
  }
  expect(await page.evaluate(socket(secret))).toBe('failed');
  expect(site.seen.filter((path) => path.includes('secret'))).toEqual([]);
  // The same ways lead to the address that may be reached.
  for (const [at, way] of [reading, worker, serviceWorker, socket].entries()) {
    expect(await page.evaluate(way(`${allowed}/open-${at}`))).toBe('reached');
    expect(site.seen).toContain(`/open-${at}`);
  }
  await expect
    .poll(() => refusals(closed, workspace, id))
    .toContainEqual({ host: '127.0.0.1', port: site.port, code: 'private_address', count: 1 });
  expect(await refusals(closed, workspace, id)).toContainEqual(
    expect.objectContaining({ host: '169.254.169.254', code: 'forbidden_address' }),
  );
});

test("the service's own ports are refused whatever is allowed, even to Playwright's requests", async ({
  service,
  workspace,
}) => {
  const site = await openWaysSite();
  const { id, connection } = await workspace.create();
  const [live] = [...service.node.live.values()].filter(({ runtime }) => runtime.id === id);
  const page = await openPage(connection.cdpUrl);
  const own = new URL(service.url).port;
  const gates = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => gates.close());
  const [context] = gates.contexts();
  const ports = [own, ...portsOf(live?.browser?.forwarder)];
  for (const port of ports) {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.8.8.8']) {
      const url = `http://${host}:${port}/json/version`;
      expect((await page.goto(url))?.status(), url).toBe(403);
      expect((await context?.request.get(url))?.status(), url).toBe(403);
    }
  }
  const reached = await context?.request.get(`http://127.0.0.1:${site.port}/by-request`);
  expect(await reached?.text()).toContain('ways');
  expect(site.seen).toContain('/by-request');
});

function portsOf(forwarder: object | undefined): number[] {
  return forwarder && 'port' in forwarder ? [Number(forwarder.port)] : [];
}

test('a runtime narrows where its browser may go', async ({ service, workspace }) => {
  const site = await openWaysSite();
  const egress = { allow: ['127.0.0.0/30', 'localhost'], deny: ['127.0.0.3'] };
  const { id, connection, egress: shown } = await workspace.create({ egress });
  expect(shown).toEqual(egress);
  const page = await openPage(connection.cdpUrl);
  const visit = async (host: string) => (await page.goto(`http://${host}:${site.port}/`))?.status();
  expect(await visit('127.0.0.2')).toBe(200);
  expect(await visit('localhost')).toBe(200);
  expect(await visit('127.0.0.3')).toBe(403);
  expect(await visit('127.0.0.5')).toBe(403);
  await expect
    .poll(() => refusals(service, workspace, id))
    .toEqual([
      { host: '127.0.0.3', port: site.port, code: 'denied', count: 1 },
      { host: '127.0.0.5', port: site.port, code: 'not_allowed', count: 1 },
    ]);
});

test('a denied IPv4 address is denied in every IPv6 address that carries it', async ({
  service,
  workspace,
}) => {
  const site = await openWaysSite();
  const { id, connection } = await workspace.create({ egress: { deny: ['127.0.0.0/8'] } });
  const page = await openPage(connection.cdpUrl);
  const hosts = ['::ffff:7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::', '::7f00:1'];
  for (const host of hosts) {
    expect((await page.goto(`http://[${host}]:${site.port}/`))?.status(), host).toBe(403);
  }
  expect(site.seen).toEqual([]);
  await expect
    .poll(() => refusals(service, workspace, id))
    .toEqual(hosts.map((host) => ({ host, port: site.port, code: 'denied', count: 1 })));
});

test('a proxy at an internal address is refused', async ({ closed }) => {
  const workspace = await createWorkspace(closed);
  const proxy = await openHttpProxy({ names: { 'site.example': '127.0.0.1' } });
  const launch = (host: string) => ({
    launch: { mode: 'ephemeral', config: { proxy: { type: 'http', host, port: proxy.port } } },
  });
  const refused = await closed.call('POST', workspace.runtimes, {
    alias: 'inside',
    kind: 'browser',
    ...launch('127.0.0.1'),
  });
  expect(refused).toMatchObject({
    status: 422,
    json: { code: 'proxy.not_allowed', details: { reason: 'private_address' } },
  });
  expect(proxy.asked).toEqual([]);
});

/** Chromium would ask a server of Google's what the fields of a form are for. */
const FORM = `<form><label>Name <input name="name" autocomplete="name"></label>
  <label>Mail <input name="email" type="email"></label><label>Street <input name="address1"></label>
  <label>Town <input name="city"></label><label>Code <input name="zip"></label></form>`;
const IT_WOULD_HAVE_ASKED_MS = 2000;

test('a page with a form leads nowhere but to its site', async ({ workspace }) => {
  const proxy = await openHttpProxy();
  const { host } = new URL(await openSite(FORM));
  const config = { proxy: { type: 'http', host: '127.0.0.1', port: proxy.port } };
  const { connection } = await workspace.create({ launch: { mode: 'ephemeral', config } });
  const page = await openPage(connection.cdpUrl);
  await page.goto(`http://${host}/`);
  await page.type('[name=email]', 'someone@example.com');
  await delay(IT_WOULD_HAVE_ASKED_MS);
  // The first is the service, which has tried the proxy.
  expect([...new Set(proxy.asked)]).toEqual(['bctrl.invalid:443', host]);
});
