import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openHttpProxy, openOddProxy, openSocksProxy } from '../support/proxies.ts';
import { chromiumsOf, processesOf } from '../support/processes.ts';
import { openWaysSite } from '../support/ways-site.ts';
import { testWithoutWarm as test } from '../support/test.ts';

const credentials = { username: 'usér', password: 'p@ss/w%20rd' };
const host = '127.0.0.1';
const throughProxy = (proxy: object) => ({ launch: { mode: 'ephemeral', config: { proxy } } });

async function openPage(cdpUrl: string): Promise<{ page: Page; browser: Browser }> {
  const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  if (!page) throw new Error('there is no page');
  return { page, browser };
}

const SOCKET = (url: string) =>
  `new Promise((r) => { const s = window.socket = new WebSocket(${JSON.stringify(url)});
     s.onopen = () => r('open'); s.onclose = () => r('closed'); })`;

test.for(['http', 'socks5'] as const)(
  'a %s proxy with credentials carries pages and websockets, by address and by name',
  async (type, { service, workspace }) => {
    const site = await openWaysSite();
    const names = { 'site.example': '127.0.0.1' };
    const proxy = await (type === 'http' ? openHttpProxy : openSocksProxy)({
      ...credentials,
      names,
    });
    const asked = { type, host, port: proxy.port, ...credentials };
    const { id, connection } = await workspace.create(throughProxy(asked));
    const { page } = await openPage(connection.cdpUrl);
    for (const name of ['site.example', '127.0.0.1']) {
      await page.goto(`http://${name}:${site.port}/page`);
      expect(await page.title()).toBe('ways');
      expect(await page.evaluate(SOCKET(`ws://${name}:${site.port}/socket`))).toBe('open');
    }
    const own = [`site.example:${site.port}`, `127.0.0.1:${site.port}`];
    // The check asks for a name that does not exist, and Chromium requests nothing by itself.
    expect(new Set(proxy.asked.filter((one) => !one.endsWith('.invalid:443')))).toEqual(
      new Set(own),
    );
    const shown = await service.call('GET', `${workspace.runtimes}/${id}`);
    expect(shown.json.proxy).toEqual({ type, host, port: proxy.port });
    const row = await service.database.db.query.runtimes.findFirst({
      where: (one, { eq }) => eq(one.id, id),
    });
    const commands = (await processesOf(service.browserRoot)).map(({ command }) => command);
    const everywhere = [shown.text, JSON.stringify(row), service.logged.join(), commands.join()];
    for (const text of everywhere) expect(text).not.toContain('p@ss');
    await workspace.stop(id);
    const again = await service.call('POST', `${workspace.runtimes}/${id}/start`);
    expect(again.json.proxy).toEqual({ type, host, port: proxy.port });
  },
);

test('a proxy that cannot be used fails the create, and the runtime says why', async ({
  service,
  workspace,
}) => {
  const { port } = await openSocksProxy(credentials);
  const garbage = await openOddProxy((client) => client.resume().end('SSH-2.0-OpenSSH\r\n'));
  const silent = await openOddProxy((client) => void client.resume());
  const wrong = { ...credentials, password: 's3cret-but-wrong' };
  for (const [proxy, code] of [
    [{ type: 'socks5', host, port, ...wrong }, 'proxy.auth_failed'],
    [{ type: 'socks5', host, port }, 'proxy.auth_failed'],
    [{ type: 'http', host, port: 9, ...wrong }, 'proxy.unreachable'],
    [{ type: 'http', host, port: garbage.port, ...wrong }, 'proxy.protocol_error'],
    [{ type: 'socks5', host, port: silent.port, ...wrong }, 'proxy.timeout'],
  ] as const) {
    const alias = `a-${code.split('.')[1]}`;
    const answer = await service.call('POST', workspace.runtimes, {
      alias,
      kind: 'browser',
      ...throughProxy(proxy),
    });
    expect(answer).toMatchObject({ status: 502, json: { code } });
    const runtime = await service.call('GET', `${workspace.runtimes}/${alias}`);
    expect(runtime.json).toMatchObject({ status: 'failed', failure: { code } });
    expect(answer.text + runtime.text + service.logged.join()).not.toContain('s3cret');
  }
  await eventually(async () => {
    expect(await processesOf(service.browserRoot)).toEqual([]);
    expect([silent.open(), garbage.open()]).toEqual([0, 0]);
  });
});

test('the proxy of a running browser is swapped and removed', async ({ service, workspace }) => {
  const site = await openWaysSite();
  const socks = await openSocksProxy(credentials);
  const http = await openHttpProxy();
  const { id, connection } = await workspace.create();
  const { page } = await openPage(connection.cdpUrl);
  const [{ pid: before } = { pid: 0 }] = await chromiumsOf(service.browserRoot);
  const url = `http://127.0.0.1:${site.port}/`;
  const change = (proxy: object | null) =>
    service.call('PUT', `${workspace.runtimes}/${id}/proxy`, { proxy });
  await page.goto(url);
  expect(await page.evaluate(SOCKET(url.replace('http', 'ws')))).toBe('open');
  expect(socks.asked).toEqual([]);

  const swapped = await change({ type: 'socks5', host, port: socks.port, ...credentials });
  expect(swapped.json.proxy).toEqual({ type: 'socks5', host, port: socks.port });
  await expect.poll(() => page.evaluate('window.socket.readyState')).toBe(3);
  await page.goto(url);
  expect(socks.asked).toContain(`127.0.0.1:${site.port}`);

  const refused = await change({ type: 'http', host, port: 9 });
  expect(refused).toMatchObject({ status: 502, json: { code: 'proxy.unreachable' } });
  const kept = await service.call('GET', `${workspace.runtimes}/${id}`);
  expect(kept.json.proxy).toEqual({ type: 'socks5', host, port: socks.port });

  await change({ type: 'http', host, port: http.port });
  await page.goto(url);
  expect(http.asked).toContain(`127.0.0.1:${site.port}`);
  expect((await change(null)).json.proxy).toBeNull();
  const asked = http.asked.length;
  await page.goto(url);
  expect(http.asked).toHaveLength(asked);
  const [{ pid: after } = { pid: 1 }] = await chromiumsOf(service.browserRoot);
  expect(after).toBe(before);

  await change({ type: 'http', host, port: http.port });
  await workspace.stop(id);
  expect(await change(null)).toMatchObject({ status: 410, json: { code: 'runtime.not_active' } });
  const restarted = await service.call('POST', `${workspace.runtimes}/${id}/start`);
  expect(restarted.json.proxy).toEqual({ type: 'http', host, port: http.port });
});

test("a profile's browser goes through the profile's proxy", async ({ service, workspace }) => {
  const site = await openWaysSite();
  const proxy = await openSocksProxy(credentials);
  const config = { proxy: { type: 'socks5', host, port: proxy.port, ...credentials } };
  const made = await service.call('POST', '/v1/browser-profiles', { name: 'proxied', config });
  const launch = { mode: 'profile', profileId: made.json.id };
  const { connection } = await workspace.create({ launch });
  const { page } = await openPage(connection.cdpUrl);
  await page.goto(`http://127.0.0.1:${site.port}/`);
  expect(new Set(proxy.asked)).toEqual(new Set([`127.0.0.1:${site.port}`]));
});

test('a page fails when its proxy goes down, and never connects directly', async ({
  service,
  workspace,
}) => {
  const site = await openWaysSite();
  for (const type of ['http', 'socks5'] as const) {
    let isDown = false;
    const proxy = await openOddProxy((client) => {
      if (isDown) client.destroy();
      else if (type === 'socks5') client.once('data', () => client.write(Buffer.from([5, 0])));
      else client.once('data', () => client.end('HTTP/1.1 502 No\r\n\r\n'));
    });
    const { id, connection } = await workspace.create(
      throughProxy({ type, host, port: proxy.port }),
    );
    isDown = true;
    const { page } = await openPage(connection.cdpUrl);
    await expect(page.goto(`http://127.0.0.1:${site.port}/`)).rejects.toThrow(
      'net::ERR_CONNECTION_RESET',
    );
    const opened = await page.evaluate(SOCKET(`ws://127.0.0.1:${site.port}/`));
    expect(opened).toBe('closed');
    await expect
      .poll(async () => {
        const { json } = await service.call('GET', `${workspace.runtimes}/${id}/events`);
        return json.events.find((event: { type: string }) => event.type === 'egress.failed')?.data;
      })
      .toEqual({ host: '127.0.0.1', port: site.port, code: 'proxy.protocol_error', count: 1 });
  }
  expect(site.seen).toEqual([]);
});

test('the bytes that went through a proxy are counted', async ({ service, workspace }) => {
  const site = await openWaysSite();
  const { id, connection } = await workspace.create();
  const { page } = await openPage(connection.cdpUrl);
  await page.goto(`http://127.0.0.1:${site.port}/`);
  const usage = async () => (await service.call('GET', `${workspace.runtimes}/${id}`)).json.usage;
  await expect.poll(usage).toMatchObject({ connections: expect.any(Number) });
  await expect.poll(async () => (await usage()).bytesIn).toBeGreaterThan(1000);
  await page.evaluate(
    `fetch('/more', { method: 'POST', body: 'y'.repeat(5000) }).then((r) => r.text())`,
  );
  const { json: stopped } = await workspace.stop(id);
  expect(stopped.usage.bytesOut).toBeGreaterThan(5000);
  expect(stopped.usage.bytesIn).toBeGreaterThan(2000);
  const metrics = await (await fetch(`${service.nodeUrl}/metrics`)).text();
  expect(metrics).toMatch(/bctrl_egress_bytes_total\{direction="in"\} \d{4,}/);
  expect(metrics).toMatch(/bctrl_egress_connections_total [1-9]/);
  const again = await service.call('POST', `${workspace.runtimes}/${id}/start`);
  expect(again.json.usage).toEqual({ bytesIn: 0, bytesOut: 0, connections: 0 });
});
