import { once } from 'node:events';
import puppeteer, { type Browser } from 'puppeteer-core';
import { WebSocket } from 'ws';
import { expect, onTestFinished } from 'vitest';
import { cdpOver, openCdp } from '../../support/cdp.ts';
import { connectOnceUrl } from '../../support/connect-once.ts';
import { eventually } from '../../support/eventually.ts';
import { HAS_NATS } from '../../support/nats-server.ts';
import { chromiumsOf } from '../../support/processes.ts';
import { answering, Receiver } from '../../support/receiver.ts';
import { at, disconnected, testWithReplicas, type Replicas } from '../../support/replicas.ts';
import { createWorkspace } from '../../support/test.ts';

const test = testWithReplicas({ BCTRL_WARM_MIN: '0', BCTRL_WARM_MAX: '0' }).skipIf(!HAS_NATS);

const typed = (type: string) =>
  expect.objectContaining({ event: expect.objectContaining({ type }) });

async function browsersOf({ nodes }: Replicas): Promise<number[]> {
  const found = await Promise.all(nodes.map(({ dataDir }) => chromiumsOf(dataDir)));
  return found.flat().map(({ pid }) => pid);
}

test('an API that is told to end touches no runtime', async ({ replicas }) => {
  const { cluster, second } = replicas;
  const api = await cluster.start('api');
  const workspace = await createWorkspace(api);
  const { id, connection } = await workspace.create();
  using before = await openCdp(connection.cdpUrl);
  const closed = once(before.socket, 'close');
  const browsers = await browsersOf(replicas);
  expect(await api.stop('SIGTERM')).toBe(0);
  await closed;
  expect(await browsersOf(replicas)).toEqual(browsers);
  expect(await second.call('GET', `${workspace.runtimes}/${id}`)).toMatchObject({
    json: { status: 'active', generation: 1 },
  });
  using after = await openCdp(at(second, connection.cdpUrl));
  expect(await after.send('Browser.getVersion')).toHaveProperty('product');
});

function connect(browserWSEndpoint: string): Promise<Browser> {
  return puppeteer.connect({ browserWSEndpoint, defaultViewport: null });
}

test('when an API dies, its clients go on at another one, and a runtime that was made for one client ends', async ({
  replicas,
}) => {
  const { cluster, second } = replicas;
  const api = await cluster.start('api');
  const workspace = await createWorkspace(api);
  const { id, connection } = await workspace.create();
  const browser = await connect(connection.cdpUrl);
  const [page] = await browser.pages();
  await page?.evaluate('window.mark = 42');
  const browsers = await browsersOf(replicas);

  const url = connectOnceUrl(api, workspace, { token: api.apiKey, alias: 'once' });
  const kept = connectOnceUrl(api, workspace, {
    token: api.apiKey,
    alias: 'kept',
    keepAlive: true,
  });
  for (const one of [url, kept]) {
    const socket = new WebSocket(one);
    socket.on('error', () => undefined);
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    expect(await cdpOver(socket).send('Browser.getVersion')).toHaveProperty('product');
  }

  const gone = disconnected(browser);
  await api.stop('SIGKILL');
  await gone;
  const again = await connect(at(second, connection.cdpUrl));
  onTestFinished(() => again.disconnect());
  const [same] = await again.pages();
  expect(await same?.evaluate('window.mark')).toBe(42);
  expect(await browsersOf(replicas)).toEqual(expect.arrayContaining(browsers));
  await eventually(async () => {
    const { json } = await second.call('GET', `${workspace.runtimes}/once`);
    expect(json).toMatchObject({ status: 'stopped', stopReason: 'closed_by_client' });
  });
  for (const ref of [id, 'kept']) {
    expect(await second.call('GET', `${workspace.runtimes}/${ref}`)).toMatchObject({
      json: { status: 'active', generation: 1 },
    });
  }
});

test('a replica that dies, and one that comes, change nothing for the others', async ({
  replicas: { cluster, second },
}) => {
  const gone = await cluster.start('api');
  await gone.stop('SIGKILL');
  const workspace = await createWorkspace(second);
  const { id } = await workspace.create();
  // The data directory says who it is, as after a restart of the same machine.
  const back = await cluster.start('api', { BCTRL_DATA_DIR: gone.dataDir });
  expect(back.nodeId).toBe(gone.nodeId);
  expect(await back.call('POST', `${workspace.runtimes}/${id}/stop`)).toMatchObject({
    json: { status: 'stopped' },
  });
});

test('what an API that died had to tell webhooks, another one tells', async ({ replicas }) => {
  const { cluster, second } = replicas;
  await using receiver = await Receiver.open();
  // It accepts, and says nothing: what was sent when the API dies is neither delivered nor failed.
  receiver.answer = () => undefined;
  const api = await cluster.start('api');
  const workspace = await createWorkspace(api);
  const made = await api.call('POST', '/v1/webhooks', {
    url: receiver.url,
    events: ['runtime.*'],
    workspaceId: workspace.id,
  });
  expect(made, made.text).toMatchObject({ status: 200 });
  const { id } = await workspace.create();
  await eventually(() => expect(receiver.of(id)).not.toEqual([]));
  await api.stop('SIGKILL');
  receiver.answer = answering(204);
  await second.call('POST', `${workspace.runtimes}/${id}/stop`);
  await eventually(() => expect(receiver.of(id)).toContainEqual(typed('runtime.stopped')));
  const told = new Map(receiver.of(id).map((one) => [one.id, one.event.type]));
  const { json } = await second.call('GET', `${workspace.runtimes}/${id}/events`);
  const happened = json.events.map(({ type }: { type: string }) => type);
  expect([...told.values()]).toEqual(
    happened.filter((type: string) => type.startsWith('runtime.')),
  );
});
