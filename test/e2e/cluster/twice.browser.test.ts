import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { openDatabase } from '../../../src/db/client.ts';
import { findFirstOrganization } from '../../../src/db/queries/organizations.ts';
import { Beacon, NODE_VERBS } from '../../../src/runtime-manager/cluster/messages.ts';
import { NatsBus } from '../../../src/runtime-manager/cluster/nats-bus.ts';
import { SUBJECTS } from '../../../src/runtime-manager/cluster/subjects.ts';
import type { ClusterProcess } from '../../support/cluster.ts';
import { contention } from '../../support/contention.ts';
import { eventually } from '../../support/eventually.ts';
import { HAS_NATS } from '../../support/nats-server.ts';
import { orderOf } from '../../support/node-under-test.ts';
import { chromiumsOf } from '../../support/processes.ts';
import { openHttpProxy, openOddProxy } from '../../support/proxies.ts';
import { testWithReplicas, type Replicas } from '../../support/replicas.ts';
import { createWorkspace } from '../../support/test.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const ANSWER_MS = 5000;
/** Until nobody can have repeated the request at another API. */
const ABANDONED_MS = 6000;
const TIMEOUT_MS = 120_000;

const test = testWithReplicas({
  BCTRL_WARM_MIN: '1',
  BCTRL_WARM_MAX: '1',
  BCTRL_PROXY_TIMEOUT_MS: '120000',
}).skipIf(!HAS_NATS);

/** A process of the cluster that asks nodes itself, until the test is over. */
async function openAsker({ cluster }: Replicas) {
  const bus = await NatsBus.open({
    servers: [cluster.nats.url],
    nkeySeedFile: undefined,
    tls: undefined,
    name: 'an asker',
    inbox: '_INBOX.asker',
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => bus[Symbol.asyncDispose]());
  await using database = await openDatabase({ url: cluster.databaseUrl });
  const organization = await findFirstOrganization(database.db);
  const order = { ...orderOf(organization?.id ?? ''), callId: randomUUID(), budgetMs: TIMEOUT_MS };
  const ask = ({ nodeId }: ClusterProcess) =>
    bus.request(SUBJECTS.node(nodeId, NODE_VERBS.create.name), order, { timeoutMs: TIMEOUT_MS });
  return { bus, order, ask };
}

/**
 * Resolves once the nodes have so many runtimes, in order, and every browser of theirs is that of a
 * runtime, or is ready for one.
 */
async function settled(
  { nodes }: Replicas,
  { bus }: { bus: NatsBus },
  { runtimes, warm: leastWarm = 0 }: { runtimes: number[]; warm?: number },
): Promise<void> {
  const beacons = new Map<string, Beacon>();
  using _listening = bus.subscribe(SUBJECTS.beacons, (message) => {
    const beacon = Beacon.parse(message);
    beacons.set(beacon.nodeId, beacon);
  });
  await eventually(async () => {
    const counts = nodes.map(async ({ nodeId, dataDir }) => {
      const { active = -1, warm = -1 } = beacons.get(nodeId) ?? {};
      expect(warm).toBeGreaterThanOrEqual(leastWarm);
      expect(await chromiumsOf(dataDir)).toHaveLength(active + warm);
      return active;
    });
    expect((await Promise.all(counts)).toSorted((one, other) => one - other)).toEqual(runtimes);
  });
}

for (const [where, pick] of [
  ['one node', ([one]: Replicas['nodes']) => [one, one]],
  ['two nodes at once', ([one, other]: Replicas['nodes']) => [one, other]],
] as const) {
  test(`an order that comes twice to ${where} makes one runtime, with one browser`, async ({
    replicas,
  }) => {
    const { nodes, first, second } = replicas;
    const asker = await openAsker(replicas);
    // Each has a browser to hand out at once.
    await settled(replicas, asker, { runtimes: [0, 0], warm: 1 });
    const { id } = asker.order.runtime;
    const answers = await Promise.all(pick(nodes).map((node) => asker.ask(node)));
    expect(answers).toContainEqual({ is: 'done', value: expect.objectContaining({ id }) });
    for (const answer of answers) expect(answer).toMatchObject({ is: 'done' });
    const { json } = await first.call('GET', `${RUNTIMES}?status=active`);
    expect(json.runtimes).toEqual([expect.objectContaining({ id, status: 'active' })]);
    await settled(replicas, asker, { runtimes: [0, 1] });
    // It stays, since its asker has it.
    expect(await second.call('POST', `${RUNTIMES}/${id}/stop`)).toMatchObject({
      json: { status: 'stopped', stopReason: 'requested' },
    });
    await settled(replicas, asker, { runtimes: [0, 0] });
  });
}

test('orders of an API pass its lines to the nodes, and not the bus', async ({ replicas }) => {
  const { first, nodes } = replicas;
  const { bus } = await openAsker(replicas);
  const heard: string[] = [];
  for (const { nodeId } of nodes) {
    for (const { name } of [NODE_VERBS.create, NODE_VERBS.start]) {
      bus.subscribe(SUBJECTS.node(nodeId, name), (_, subject) => heard.push(subject));
    }
  }
  const { create, runtimes } = await createWorkspace(first);
  const { id } = await create();
  await first.call('POST', `${runtimes}/${id}/restart`);
  await first.call('POST', `${runtimes}/${id}/stop`);
  expect(heard).toEqual([]);
});

function createWithKey({ url, apiKey }: ClusterProcess, path: string, key: string, body: object) {
  const headers = {
    authorization: `Bearer ${apiKey}`,
    'content-type': 'application/json',
    'idempotency-key': key,
  };
  return fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

test('one key at two APIs at once makes one runtime, and both answer with it', async ({
  replicas: { first, second },
}) => {
  const { runtimes } = await createWorkspace(first);
  const key = randomUUID();
  const body = { alias: 'keyed', kind: 'browser' };
  const answers = await Promise.all(
    [first, second].map((api) => createWithKey(api, runtimes, key, body)),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  const [one, other] = await Promise.all(answers.map((answer) => answer.json()));
  expect(other).toEqual(one);
  expect((await second.call('GET', runtimes)).json.runtimes).toHaveLength(1);
  await second.call('POST', `${runtimes}/keyed/stop`);
});

/** A proxy that keeps everybody waiting until it is let go, for the rest of the test. */
async function openSlowProxy() {
  const proxy = await openHttpProxy();
  const asked = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  const gate = await openOddProxy((client) => {
    asked.resolve();
    void free.promise.then(() => {
      const onward = connect(proxy.port, '127.0.0.1');
      onward.on('error', () => client.destroy());
      client.pipe(onward).pipe(client);
    });
  });
  const config = { proxy: { type: 'http', host: '127.0.0.1', port: gate.port } };
  return {
    body: { alias: 'slow', kind: 'browser', launch: { mode: 'ephemeral', config } },
    asked: asked.promise,
    letGo: free.resolve,
  };
}

/** Has an API begin a create that lasts, and kills the API. */
async function killAmidst({ cluster, first }: Replicas, key: string) {
  const api = await cluster.start('api');
  const workspace = await createWorkspace(first);
  const proxy = await openSlowProxy();
  const cut = createWithKey(api, workspace.runtimes, key, proxy.body).catch(() => undefined);
  await proxy.asked;
  await api.stop('SIGKILL');
  await cut;
  return { ...workspace, ...proxy };
}

test.for(['before', 'after'] as const)(
  'a request that is repeated %s the runtime is up, since its API has died, gets the same runtime',
  async (when, { replicas }) => {
    const { second } = replicas;
    const key = randomUUID();
    const { runtimes, body, letGo } = await killAmidst(replicas, key);
    const { json } = await second.call('GET', `${runtimes}/slow`);
    if (when === 'after') {
      letGo();
      await eventually(async () => {
        const { json: now } = await second.call('GET', `${runtimes}/slow`);
        expect(now.connection).toBeDefined();
      });
    }
    const begunAt = performance.now();
    const repeated = createWithKey(second, runtimes, key, body);
    letGo();
    const answer = await repeated;
    expect(performance.now() - begunAt).toBeLessThan(ANSWER_MS * contention());
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ id: json.id, status: 'active', generation: 1 });
    expect((await second.call('GET', runtimes)).json.runtimes).toHaveLength(1);
    await second.call('POST', `${runtimes}/slow/stop`);
  },
);

test('the runtime of an API that has died is ended when nobody asks again, and nothing is left of it', async ({
  replicas,
}) => {
  const { second } = replicas;
  const asker = await openAsker(replicas);
  const { runtimes, letGo } = await killAmidst(replicas, randomUUID());
  const begunAt = performance.now();
  letGo();
  await eventually(async () => {
    const { json } = await second.call('GET', `${runtimes}/slow`);
    expect(json).toMatchObject({ status: 'failed', failure: { code: 'runtime.abandoned' } });
  });
  expect(performance.now() - begunAt).toBeLessThan(ABANDONED_MS * contention());
  await settled(replicas, asker, { runtimes: [0, 0] });
});

test('an answer whose asker has died belongs to nobody', async ({ replicas }) => {
  const asker = await openAsker(replicas);
  const { first, nodes } = replicas;
  const [node] = nodes;
  const lost = asker.ask(node).catch(() => undefined);
  await once(AbortSignal.timeout(1), 'abort');
  await asker.bus[Symbol.asyncDispose]();
  await lost;
  await eventually(async () => {
    const { json } = await first.call('GET', `${RUNTIMES}/${asker.order.runtime.id}`);
    expect(json).toMatchObject({ failure: { code: 'runtime.abandoned' } });
  });
});
