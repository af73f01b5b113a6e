import { once } from 'node:events';
import puppeteer from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openCdp } from '../support/cdp.ts';
import { chromiumsOf, processesOf, sendSignal } from '../support/processes.ts';
import { openTestService } from '../support/service.ts';
import { NO_WARM } from '../support/settings.ts';
import { openSite } from '../support/site.ts';
import { createWorkspace, test } from '../support/test.ts';

test('a runtime that is over can be started again, as the next generation', async ({
  service,
  workspace,
}) => {
  const first = await workspace.create({ driver: 'selenium' });
  expect(first).toMatchObject({ generation: 1, startedAt: expect.any(String), stoppedAt: null });
  const stopped = (await workspace.stop(first.id)).json;
  expect(stopped).toMatchObject({ stopReason: 'requested', stoppedAt: expect.any(String) });

  const started = await service.call('POST', `${workspace.runtimes}/${first.alias}/start`);
  expect(started).toMatchObject({
    status: 200,
    json: { id: first.id, alias: first.alias, generation: 2, status: 'active', driver: 'selenium' },
  });
  expect(started.json).not.toHaveProperty('stopReason');
  expect(started.json.stoppedAt).toBeNull();
  expect(started.json.summary.defaultPageId).not.toBe(first.summary.defaultPageId);
  using client = await openCdp(started.json.connection.cdpUrl);
  expect(await client.send('Browser.getVersion')).toHaveProperty('product');
  await expect(openCdp(first.connection.cdpUrl)).rejects.toThrow('410');
});

test('a start of an active runtime changes nothing, and a restart brings a fresh browser', async ({
  service,
  workspace,
}) => {
  const { id, summary } = await workspace.create();
  const path = `${workspace.runtimes}/${id}`;
  const started = await service.call('POST', `${path}/start`);
  expect(started.json).toMatchObject({ generation: 1, summary });
  const restarted = await service.call('POST', `${path}/restart`);
  expect(restarted).toMatchObject({ status: 200, json: { id, generation: 2, status: 'active' } });
  expect(restarted.json.summary.defaultContextId).not.toBe(summary.defaultContextId);
  await workspace.stop(id);
  expect(await service.call('POST', `${path}/restart`)).toMatchObject({ json: { generation: 3 } });
});

test('a start of an active runtime answers its present state', async ({ service, workspace }) => {
  const { id, connection, summary } = await workspace.create({ driver: 'selenium' });
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  const page = await browser.newPage();
  using client = await openCdp(connection.cdpUrl);
  await client.send('Target.closeTarget', { targetId: summary.defaultPageId });
  expect(page.url()).toBe('about:blank');
  await eventually(async () => {
    const { json } = await service.call('POST', `${workspace.runtimes}/${id}/start`);
    expect(json).toMatchObject({ generation: 1, summary: { currentDriver: 'puppeteer' } });
    expect(json.summary.defaultPageId).not.toBe(summary.defaultPageId);
  });
});

test('a client that hangs up does not end the launch of another', async ({
  service,
  workspace,
}) => {
  const { id } = await workspace.create();
  await workspace.stop(id);
  const hangUp = new AbortController();
  const start = (signal?: AbortSignal) =>
    fetch(`${service.url}${workspace.runtimes}/${id}/start`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.apiKey}` },
      ...(signal && { signal }),
    });
  const first = start(hangUp.signal).catch(() => undefined);
  await eventually(
    async () =>
      expect(await service.call('GET', `${workspace.runtimes}/${id}`)).toMatchObject({
        json: { status: 'active' },
      }),
    { interval: 5 },
  );
  const second = start();
  setTimeout(() => hangUp.abort(), 30);
  await first;
  expect((await second).status).toBe(200);
});

test('an older runtime is not started while a newer one has its alias', async ({
  service,
  workspace,
}) => {
  const older = await workspace.create({ alias: 'shared' });
  await workspace.stop(older.id);
  const newer = await workspace.create({ alias: 'shared' });
  const start = () => service.call('POST', `${workspace.runtimes}/${older.id}/start`);
  expect(await start()).toMatchObject({ status: 409, json: { code: 'runtime.alias_in_use' } });
  await workspace.stop(newer.id);
  expect(await start()).toMatchObject({ status: 200, json: { id: older.id, generation: 2 } });
  const byAlias = await service.call('GET', `${workspace.runtimes}/shared`);
  expect(byAlias.json).toMatchObject({ id: older.id, status: 'active' });
});

test('what does not exist cannot be started', async ({ service, workspace }) => {
  for (const verb of ['start', 'restart', 'stop']) {
    expect(await service.call('POST', `${workspace.runtimes}/nobody/${verb}`)).toMatchObject({
      status: 404,
      json: { code: 'runtime.not_found' },
    });
  }
});

test('a runtime that nobody attached to ends when it is idle for too long', async ({
  service,
  workspace,
}) => {
  const { id, idleTimeoutSeconds } = await workspace.create({ idleTimeoutSeconds: 1 });
  expect(idleTimeoutSeconds).toBe(1);
  await eventually(
    async () =>
      expect(await service.call('GET', `${workspace.runtimes}/${id}`)).toMatchObject({
        json: { status: 'stopped', stopReason: 'idle' },
      }),
    { interval: 100 },
  );
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}/events`);
  expect(json.events.map(({ type }: { type: string }) => type)).toEqual([
    'runtime.created',
    'runtime.launched',
    'runtime.expired',
    'runtime.stopped',
  ]);
});

test('traffic of a client keeps a runtime, until its longest duration ends it', async ({
  service,
  workspace,
}) => {
  const { id, connection, expiresAt, startedAt } = await workspace.create({
    idleTimeoutSeconds: 1,
    maxDurationSeconds: 4,
  });
  expect(Date.parse(expiresAt) - Date.parse(startedAt)).toBe(4000);
  using client = await openCdp(connection.cdpUrl);
  const closed = once(client.socket, 'close');
  const talking = setInterval(() => {
    client.send('Browser.getVersion').catch(() => undefined);
  }, 200);
  onTestFinished(() => clearInterval(talking));
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([1001, 'The runtime was stopped: its time is over.']);
  await eventually(async () => {
    const { json } = await service.call('GET', `${workspace.runtimes}/${id}`);
    expect(json).toMatchObject({ status: 'stopped', stopReason: 'expired' });
    expect(Date.parse(json.stoppedAt)).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expect(Date.parse(json.lastActivityAt)).toBeGreaterThan(Date.parse(startedAt) + 1500);
  });
});

test('times beyond the ceiling are refused, and the refusal names the field', async ({
  service,
  workspace,
}) => {
  for (const field of ['idleTimeoutSeconds', 'maxDurationSeconds']) {
    for (const value of [0, -1, 1.5, 10_001, '60', null]) {
      const body = { alias: 'a', kind: 'browser', [field]: value };
      expect(await service.call('POST', workspace.runtimes, body)).toMatchObject({
        status: 400,
        json: { code: 'request.invalid', details: { issues: [{ in: 'body', path: field }] } },
      });
    }
  }
});

test('a browser that hangs is found, ended and reported', async () => {
  await using service = await openTestService({
    healthCheck: { intervalMs: 200, timeoutMs: 1000, busyMultiple: 12 },
    warm: NO_WARM,
  });
  const workspace = await createWorkspace(service);
  const { id, connection } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  const closed = once(client.socket, 'close');
  const [main] = await chromiumsOf(service.browserRoot);
  sendSignal(main?.pid, 'SIGSTOP');
  const [code] = await closed;
  expect(code).toBe(1001);
  await eventually(async () =>
    expect(await service.call('GET', `${workspace.runtimes}/${id}`)).toMatchObject({
      json: { status: 'failed', failure: { code: 'runtime.browser_hung' } },
    }),
  );
  await expect.poll(() => processesOf(service.browserRoot)).toEqual([]);
});

test('a page that posts 50 MB keeps its browser busy, and nobody kills it for that', async () => {
  // Shorter than any machine takes for it.
  const timeoutMs = 250;
  await using service = await openTestService({
    healthCheck: { intervalMs: 100, timeoutMs, busyMultiple: 480 },
    warm: NO_WARM,
  });
  const workspace = await createWorkspace(service);
  const { id, connection } = await workspace.create();
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  // It turns the Network domain on, whose events the whole body passes.
  const [page] = await browser.pages();
  await page?.goto(await openSite());
  using client = await openCdp(connection.cdpUrl);
  const posted = page?.evaluate(async (size) => {
    const answer = await fetch('/', { method: 'POST', body: 'x'.repeat(size) });
    return answer.status;
  }, 50_000_000);
  let longest = 0;
  for (let status: number | undefined; status !== 200;) {
    const asked = performance.now();
    const answered = client.send('Browser.getVersion').then(() => undefined);
    status = await Promise.race([posted, answered]);
    longest = Math.max(longest, performance.now() - asked);
  }
  expect(longest).toBeGreaterThan(timeoutMs);
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}`);
  expect(json).toMatchObject({ status: 'active' });
});

test('the default page is an open one, even after the first was closed or crashed', async ({
  service,
  workspace,
}) => {
  const { id, connection, summary } = await workspace.create();
  const path = `${workspace.runtimes}/${id}`;
  const defaultPage = async () => (await service.call('GET', path)).json.summary.defaultPageId;
  using client = await openCdp(connection.cdpUrl);
  const { targetId } = await client.send('Target.createTarget', { url: await openSite() });
  const { sessionId } = await client.send('Target.attachToTarget', { targetId, flatten: true });

  await client.send('Target.closeTarget', { targetId: summary.defaultPageId });
  await expect.poll(defaultPage).toBe(targetId);

  client.send('Page.crash', {}, String(sessionId)).catch(() => undefined);
  const wait = { after: '0', eventTypes: ['page.crashed'], timeoutMs: 5000 };
  expect(await service.call('POST', `${path}/events/wait`, wait)).toMatchObject({
    json: { event: { type: 'page.crashed', pageId: targetId } },
  });
  expect(await service.call('GET', path)).toMatchObject({
    json: { status: 'active', summary: { browserRunning: true, defaultPageId: targetId } },
  });

  await client.send('Target.closeTarget', { targetId });
  await expect.poll(defaultPage).toBeNull();
  const again = await client.send('Target.createTarget', { url: 'about:blank' });
  await expect.poll(defaultPage).toBe(again['targetId']);
});
