import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { openCdp, refusalOf } from '../support/cdp.ts';
import { openTestService } from '../support/service.ts';
import { createWorkspace, test } from '../support/test.ts';

async function openSite(): Promise<string> {
  const site = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      '<title>site</title><input id=name><button onclick="document.title=document.all.name.value">',
    );
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  onTestFinished(() => void site.close());
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
}

test('the default ids are those of the browser itself', async ({ workspace }) => {
  const { connection, summary } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  const { targetInfos } = await client.send('Target.getTargets');
  expect(targetInfos).toEqual([
    expect.objectContaining({
      type: 'page',
      targetId: summary.defaultPageId,
      browserContextId: summary.defaultContextId,
    }),
  ]);
});

test('playwright drives the default page', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const browser = await chromium.connectOverCDP(connection.cdpUrl);
  onTestFinished(() => browser.close());
  const page = browser.contexts()[0]?.pages()[0];
  await page?.goto(await openSite());
  await page?.fill('#name', 'driven');
  await page?.click('button');
  expect(await page?.title()).toBe('driven');
});

test('neither pages nor requests say that the browser is headless', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const browser = await chromium.connectOverCDP(connection.cdpUrl);
  onTestFinished(() => browser.close());
  const page = browser.contexts()[0]?.pages()[0];
  const request = page?.waitForRequest(() => true);
  await page?.goto(await openSite());
  const said = await page?.evaluate(() => {
    const { userAgent, userAgentData } = navigator as Navigator & { userAgentData: object };
    return [userAgent, JSON.stringify(userAgentData)].join(' ');
  });
  const { 'user-agent': agent, 'sec-ch-ua': hints } = (await (await request)?.allHeaders()) ?? {};
  expect(agent).toMatch(/Chrome\/\d+/);
  expect([said, agent, hints].join()).not.toMatch(/headless/i);
});

test('the browser stays as it is when a client leaves', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create();
  for (let time = 0; time < 2; time++) {
    using client = await openCdp(connection.cdpUrl);
    expect(await client.send('Browser.getVersion')).toMatchObject({
      product: expect.stringMatching(/^Chrome\//),
    });
  }
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}`);
  expect(json.summary.browserRunning).toBe(true);
});

test('large messages arrive complete in both directions', async ({ workspace }) => {
  const { connection, summary } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  const { sessionId } = await client.send('Target.attachToTarget', {
    targetId: summary.defaultPageId,
    flatten: true,
  });
  const text = 'ä'.repeat(4 * 1024 * 1024);
  const expression = `${JSON.stringify(text)}.toUpperCase()`;
  const { result } = await client.send('Runtime.evaluate', { expression }, String(sessionId));
  expect((result as { value: string }).value).toBe(text.toUpperCase());
});

test('a ticket is refused when it was tampered with, and once the runtime is over', async ({
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const { cdpUrl } = connection;
  const at = Math.floor(cdpUrl.length * 0.8);
  const tampered = cdpUrl.slice(0, at) + (cdpUrl[at] === 'a' ? 'b' : 'a') + cdpUrl.slice(at + 1);
  expect(await refusalOf(tampered)).toMatchObject({
    status: 401,
    json: { code: 'connection.ticket_invalid', requestId: expect.any(String) },
  });

  using client = await openCdp(cdpUrl);
  const closed = new Promise((resolve) => client.socket.once('close', resolve));
  await workspace.stop(id);
  await closed;
  expect(await refusalOf(cdpUrl)).toMatchObject({
    status: 410,
    json: { code: 'runtime.not_active' },
  });
});

test('an expired ticket is refused', async () => {
  await using service = await openTestService({ ticketTtlMs: 0 });
  const workspace = await createWorkspace(service);
  const { connection } = await workspace.create();
  expect(await refusalOf(connection.cdpUrl)).toMatchObject({
    status: 401,
    json: { code: 'connection.ticket_expired' },
  });
});

test('no other path accepts a websocket', async ({ service }) => {
  const url = service.url.replace('http', 'ws');
  for (const path of [
    '/',
    '/v1/connect/',
    '/v1/workspaces',
    '/v1/workspaces/default/runtimes/a/b',
  ]) {
    expect((await refusalOf(url + path)).status, path).toBe(404);
  }
});

test('no ticket is logged', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create();
  using _client = await openCdp(connection.cdpUrl);
  await fetch(connection.cdpUrl.replace('ws', 'http'));
  const ticket = connection.cdpUrl.split('/').at(-1);
  const log = service.logged.join();
  expect(log).toContain(id);
  expect(log).not.toContain(ticket);
});
