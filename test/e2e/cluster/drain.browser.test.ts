import { setTimeout as delay } from 'node:timers/promises';
import { expect, test as base } from 'vitest';
import { readNodeId } from '../../../src/api/config/data-directory.ts';
import { openDatabase } from '../../../src/db/client.ts';
import { openCdp } from '../../support/cdp.ts';
import { TestCluster, type ClusterProcess } from '../../support/cluster.ts';
import { runCommand } from '../../support/command-line.ts';
import { HAS_NATS } from '../../support/nats-server.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const EXIT_MS = 5000;
/** For how long a socket of a node that drains is watched. */
const WATCHED_MS = Number(process.env['DRAIN_WATCHED_SECONDS'] ?? 5) * 1000;
/** A signal that comes sooner is the same wish. */
const ANOTHER_WISH_MS = 2100;

const withCluster = base.extend('cluster', async ({}, { onCleanup }) => {
  const cluster = await TestCluster.open();
  onCleanup(() => cluster[Symbol.asyncDispose]());
  return cluster;
});
const test = withCluster.runIf(HAS_NATS);

async function create({ call }: ClusterProcess, alias: string, extra: object = {}) {
  const made = await call('POST', RUNTIMES, { alias, kind: 'browser', ...extra });
  expect(made, made.text).toMatchObject({ status: 200 });
  return made.json;
}

/** A client that evaluates on the page of a runtime. */
async function openClient({ connection, summary }: Awaited<ReturnType<typeof create>>) {
  const cdp = await openCdp(connection.cdpUrl);
  const attach = { targetId: summary.defaultPageId, flatten: true };
  const { sessionId } = await cdp.send('Target.attachToTarget', attach);
  return {
    [Symbol.dispose]: () => cdp[Symbol.dispose](),
    evaluate: async (expression: string) => {
      const params = { expression, returnByValue: true };
      return (await cdp.send('Runtime.evaluate', params, String(sessionId)))['result'];
    },
  };
}

/** On which node each runtime was, by its alias. */
async function placesOf({ databaseUrl }: TestCluster): Promise<Map<string, string>> {
  await using database = await openDatabase({ url: databaseUrl });
  const rows = await database.db.query.runtimes.findMany();
  return new Map(rows.map(({ alias, nodeId }) => [alias, nodeId]));
}

test('a node that gets SIGTERM takes nothing more, and exits with its last runtime', async ({
  cluster,
}) => {
  const first = await cluster.start('node');
  const api = await cluster.start('api');
  using client = await openClient(await create(api, 'stays'));
  const second = await cluster.start('node');
  const secondId = await readNodeId(second.dataDir);
  await expect
    .poll(async () => (await api.call('GET', '/v1/nodes')).json.nodes)
    .toContainEqual(expect.objectContaining({ id: secondId, load: expect.anything() }));
  const signalledAt = performance.now();
  const exited = first.stop('SIGTERM');
  for (let nth = 0; nth < 20; nth++) {
    await create(api, `later-${nth}`);
    expect(await client.evaluate(`${nth} + 1`)).toMatchObject({ value: nth + 1 });
    await api.call('POST', `${RUNTIMES}/later-${nth}/stop`);
  }
  while (performance.now() - signalledAt < WATCHED_MS) {
    expect(await client.evaluate('document.readyState')).toMatchObject({ value: 'complete' });
    await delay(1000);
  }
  const places = await placesOf(cluster);
  const firstId = await readNodeId(first.dataDir);
  expect(places.get('stays')).toBe(firstId);
  places.delete('stays');
  expect([...new Set(places.values())]).toEqual([secondId]);
  expect((await api.call('GET', '/v1/nodes')).json.nodes).toContainEqual(
    expect.objectContaining({ id: firstId, state: 'draining' }),
  );
  expect(await api.call('POST', `${RUNTIMES}/stays/stop`)).toMatchObject({
    json: { stopReason: 'requested' },
  });
  const stoppedAt = performance.now();
  expect(await exited).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(EXIT_MS);
  const { nodes } = (await api.call('GET', '/v1/nodes')).json;
  expect(nodes.map(({ id }: { id: string }) => id)).not.toContain(firstId);
});

test('a node is drained and brought back over the API and by the command, and stays', async ({
  cluster,
}) => {
  const node = await cluster.start('node');
  const api = await cluster.start('api');
  const id = await readNodeId(node.dataDir);
  const askApi = (verb: string) => api.call('POST', `/v1/nodes/${id}/${verb}`);
  const askCommand = (verb: string) => {
    const { databaseUrl: DATABASE_URL } = cluster;
    const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL, BCTRL_DATA_DIR: '/nowhere' };
    return runCommand('cli/nodes', [verb, id], env);
  };
  const isReady = async () => (await api.call('GET', '/readyz')).status === 200;
  for (const [name, ask] of [
    ['api', askApi],
    ['command', askCommand],
  ] as const) {
    await create(api, name);
    await ask('drain');
    await expect.poll(isReady).toBe(false);
    expect(await api.call('POST', RUNTIMES, { alias: 'refused', kind: 'browser' })).toMatchObject({
      status: 503,
      json: { code: 'runtime.no_capacity' },
    });
    expect(await api.call('GET', `${RUNTIMES}/${name}`)).toMatchObject({
      json: { status: 'active' },
    });
    await api.call('POST', `${RUNTIMES}/${name}/stop`);
    await ask('undrain');
    await expect.poll(isReady).toBe(true);
  }
  await create(api, 'again');
});

test('when a drain is over, what is left is stopped, and its profile saved', async ({
  cluster,
}) => {
  const node = await cluster.start('node', { BCTRL_DRAIN_SECONDS: '2' });
  const api = await cluster.start('api');
  const profile = await api.call('POST', '/v1/browser-profiles', { name: 'kept' });
  const { id: profileId } = profile.json;
  await create(api, 'kept', { launch: { mode: 'profile', profileId } });
  expect(await node.stop('SIGTERM')).toBe(0);
  expect(await api.call('GET', `${RUNTIMES}/kept`)).toMatchObject({
    json: { status: 'stopped', stopReason: 'drained' },
  });
  const versions = await api.call('GET', `/v1/browser-profiles/${profileId}/versions`);
  expect(versions.json.versions).toMatchObject([{ kind: 'saved' }]);
});

test('a second SIGTERM ends a node that drains at once', async ({ cluster }) => {
  const node = await cluster.start('node');
  const api = await cluster.start('api');
  await create(api, 'cut-off');
  const exited = node.stop('SIGTERM');
  await expect.poll(async () => (await node.call('GET', '/readyz')).status).toBe(503);
  await delay(ANOTHER_WISH_MS);
  void node.stop('SIGTERM');
  expect(await exited).toBe(1);
  expect(node.log).toContain('told again to end');
});

test('an API that gets SIGTERM is not ready at once, answers what is under way, and touches no runtime', async ({
  cluster,
}) => {
  await cluster.start('node');
  const [first, second] = await Promise.all([cluster.start('api'), cluster.start('api')]);
  const runtime = await create(first, 'untouched');
  const waiting = first.call('POST', `${RUNTIMES}/untouched/events/wait`, {
    eventTypes: ['page.crashed'],
    timeoutMs: 2000,
  });
  await delay(500);
  const exited = first.stop('SIGTERM');
  await expect.poll(async () => (await first.call('GET', '/readyz')).status).toBe(503);
  expect(await first.call('GET', `${RUNTIMES}/untouched`)).toMatchObject({ status: 200 });
  expect(await waiting).toMatchObject({ status: 200 });
  expect(await exited).toBe(0);
  const address = runtime.connection.cdpUrl.replace(
    new URL(first.url).host,
    new URL(second.url).host,
  );
  using client = await openClient({ ...runtime, connection: { cdpUrl: address } });
  expect(await client.evaluate('6 * 7')).toMatchObject({ value: 42 });
});
