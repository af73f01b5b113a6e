/** Viewers who flood or leave, and pages that hang, hold up nobody. */
import { once } from 'node:events';
import puppeteer, { type Page } from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { LIVE_PROTOCOL, TOKEN_PREFIX } from '../../../src/runtime-manager/live/messages.ts';
import { eventually } from '../../support/eventually.ts';
import type { TestService } from '../../support/service.ts';
import { openSite, serveSite } from '../../support/site.ts';
import { testWith, type TestWorkspace } from '../../support/test.ts';
import { embed, watch, type TestViewer } from '../../support/viewer.ts';

const test = testWith({});

interface Opened {
  runtime: string;
  page: Page;
  viewer: TestViewer;
  holder: () => Promise<string>;
}

async function open(service: TestService, workspace: TestWorkspace): Promise<Opened> {
  const { id, connection } = await workspace.create();
  const browserWSEndpoint = connection.cdpUrl;
  const browser = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  if (!page) throw new Error('there is no page');
  const runtime = `${workspace.runtimes}/${id}`;
  const viewer = await watch(service, runtime);
  onTestFinished(() => viewer[Symbol.asyncDispose]());
  const holder = async () => (await service.call('GET', `${runtime}/control`)).json.holder;
  return { runtime, page, viewer, holder };
}

const driverIs = (viewer: TestViewer, wanted: string) =>
  viewer.hear('control', ({ driver }) => driver === wanted);

test('whoever has left takes no control with what it said before', async ({
  service,
  workspace,
}) => {
  const { page, viewer, holder } = await open(service, workspace);
  await page.goto(await openSite('<body style="height:400px">'));
  for (let click = 0; click < 60; click++) viewer.click(50, 50);
  await driverIs(viewer, 'you');
  await viewer[Symbol.asyncDispose]();
  await eventually(async () => expect(await holder()).toBe('agent'));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await holder()).toBe('agent');
});

test('control that is taken again is no change', async ({ service, workspace }) => {
  const { runtime, viewer } = await open(service, workspace);
  for (let take = 0; take < 20; take++) viewer.say({ t: 'control', do: 'take' });
  viewer.say({ t: 'control', do: 'return' });
  await driverIs(viewer, 'you');
  await driverIs(viewer, 'agent');
  const taken = async () => {
    const { json } = await service.call('GET', `${runtime}/events?limit=100`);
    const types: string[] = json.events.map(({ type }: { type: string }) => type);
    expect(types).toContain('runtime.control_returned');
    return types.filter((type) => type === 'runtime.control_taken');
  };
  expect(await eventually(taken)).toHaveLength(1);
});

test('neither a site that does not answer nor a page that hangs keeps a person from what follows', async ({
  service,
  workspace,
}) => {
  const { page, viewer } = await open(service, workspace);
  const silent = await serveSite(() => undefined);
  viewer.say({ t: 'go', url: silent });
  await driverIs(viewer, 'you');
  viewer.say({ t: 'stop' });
  viewer.say({ t: 'control', do: 'return' });
  await driverIs(viewer, 'agent');
  await page.goto(
    await openSite('<body style="height:400px" onmousedown="for (;;);"><script>ready = 1</script>'),
  );
  viewer.said.length = 0;
  for (let click = 0; click < 10; click++) viewer.click(50, 50);
  const beganAt = performance.now();
  viewer.say({ t: 'control', do: 'return' });
  await driverIs(viewer, 'agent');
  // Each click would else be waited for: 20 s.
  expect(performance.now() - beganAt).toBeLessThan(10_000);
});

test('addresses are told in part, and who does not read is sent away', async ({
  service,
  workspace,
}) => {
  const { page, runtime, viewer } = await open(service, workspace);
  await page.goto(await openSite('<title>long</title>'));
  await page.evaluate('history.replaceState(null, "", "#" + "x".repeat(1_000_000))');
  const { tabs } = await viewer.hear('tabs', ({ tabs: [tab] }) => tab?.url.endsWith('x') === true);
  expect(tabs[0]?.url).toHaveLength(2000);
  const { token, iframeUrl } = await embed(service, runtime, {});
  const { host, pathname } = new URL(iframeUrl);
  const protocols = [LIVE_PROTOCOL, TOKEN_PREFIX + token];
  const deaf = new WebSocket(`ws://${host}${pathname}/ws`, protocols);
  onTestFinished(() => deaf.terminate());
  await once(deaf, 'open');
  let isClosed = false;
  deaf.on('close', () => (isClosed = true));
  deaf.on('error', () => undefined);
  deaf.pause();
  const ping = JSON.stringify({ t: 'ping', n: Number.MAX_SAFE_INTEGER });
  await eventually(
    async () => {
      for (let nth = 0; nth < 20_000; nth++) deaf.send(ping);
      const { json } = await service.call('GET', `${runtime}/connections`);
      const live = json.connections.filter(
        ({ access }: { access: string }) => access === 'observe',
      );
      expect(live).toMatchObject([{ attachedClients: 0 }]);
    },
    { interval: 10 },
  );
  deaf.resume();
  await eventually(() => expect(isClosed).toBe(true));
});

test('a download ends when its address is revoked', async ({ service, workspace }) => {
  const { page, runtime, viewer } = await open(service, workspace);
  const site = await serveSite((_, response) =>
    response
      .setHeader('content-disposition', 'attachment; filename="large.bin"')
      .end(Buffer.alloc(50 * 1024 * 1024)),
  );
  page.goto(site).catch(() => undefined);
  const { file } = await viewer.hear('download');
  const { token, iframeUrl } = await embed(service, runtime, { interactive: true });
  const { body } = await fetch(`${iframeUrl.split('#')[0]}/files/${file}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { json } = await service.call('GET', `${runtime}/connections`);
  const { id } = json.connections[0];
  expect(await service.call('DELETE', `${runtime}/connections/${id}`)).toMatchObject({
    status: 200,
  });
  await expect(new Response(body).arrayBuffer()).rejects.toThrow();
});
