/** Runtimes for which no node has room: in which order they come up, and what else becomes of them. */
import { setTimeout as delay } from 'node:timers/promises';
import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { organizations } from '../../../src/db/schema/index.ts';
import { member, OVER_MS } from '../../support/cluster-test.ts';
import { eventually } from '../../support/eventually.ts';
import { openQueueCluster, type Asked, type QueueCluster } from '../../support/queue-cluster.ts';
import { insertRecord, newRecord } from '../../support/records.ts';

const PAST = { after: '0' };

/** Creates one after the other, at each API in turn, and resolves once all of them wait. */
async function createWaiting({ apis, waiting }: QueueCluster, count: number): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (let nth = 0; nth < count; nth++) {
    const api = apis[nth % apis.length];
    if (!api) break;
    asked.push(api.create());
    await waiting(asked.slice(-1));
  }
  return asked;
}

async function assertNothingWaits({ store }: QueueCluster): Promise<void> {
  expect(await store.countWaiting(1)).toEqual({ waiting: 0, oldestMs: 0 });
}

test('of 30 creates 10 run and 20 wait, and each stop admits the oldest', async () => {
  const cluster = await openQueueCluster({ nodes: 2, slots: 5 });
  const { api, states, fill, find } = cluster;
  const running = await fill();
  const asked = await createWaiting(cluster, 20);
  expect(await cluster.store.countWaiting(100)).toMatchObject({ waiting: 20 });
  for (const [nth, next] of asked.entries()) {
    const oldest = running.shift();
    if (!oldest) throw new Error('nothing runs');
    await api.stop(oldest);
    const admitted = await next.answered;
    expect(admitted).toMatchObject({ id: next.id, state: 'running', queuedAt: undefined });
    running.push(admitted);
    expect(new Set(await states(asked.slice(nth + 1)))).toEqual(
      new Set(nth === asked.length - 1 ? [] : ['accepted']),
    );
  }
  for (const { node } of cluster.nodes) expect(node.load.active).toBe(5);
  expect((await find(asked[0]?.id ?? ''))?.nodeId).not.toBe(api.nodeId);
  await assertNothingWaits(cluster);
});

test('a start waits behind whoever asked before, however old its runtime is', async () => {
  const cluster = await openQueueCluster({ nodes: 1 });
  const { api } = cluster;
  const [old] = await cluster.fill();
  if (!old) throw new Error('nothing runs');
  await api.stop(old);
  const blocker = await api.create().answered;
  const [first] = await createWaiting(cluster, 1);
  const started = api.start(old.id);
  await cluster.waiting([old]);
  await api.stop(blocker);
  const admitted = await first?.answered;
  expect(await cluster.states([old])).toEqual(['accepted']);
  await api.stop(admitted ?? old);
  expect(await started).toMatchObject({ id: old.id, state: 'running', generation: 2 });
});

test('nobody overtakes: a place that becomes free while others come is for whoever waits', async () => {
  const cluster = await openQueueCluster({ nodes: 1 });
  const [api, other] = cluster.apis;
  if (!api || !other) throw new Error('there are no APIs');
  let [holder] = await cluster.fill();
  for (let round = 0; round < 20; round++) {
    const [first] = await createWaiting(cluster, 1);
    if (!first || !holder) throw new Error('nobody waits');
    const [, late] = [api.stop(holder), other.create(), await first.answered];
    await cluster.waiting([late]);
    await api.stop(first);
    holder = await late.answered;
  }
});

test('a cluster that has room again places at once, also beside a node that is full', async () => {
  const cluster = await openQueueCluster({ nodes: 2, slots: 2 });
  const { api, nodes, news, fill } = cluster;
  const running = await fill();
  const asked = await createWaiting(cluster, 2);
  await eventually(() => expect(nodes.some(({ puller }) => puller.isCrowded)).toBe(true));
  const ofOne = running.filter(({ nodeId }) => nodeId === nodes[0]?.node.id);
  for (const one of ofOne) await api.stop(one);
  const admitted = await Promise.all(asked.map(({ answered }) => answered));
  for (const one of admitted) await api.stop(one);
  await eventually(() => expect(nodes.some(({ puller }) => puller.isCrowded)).toBe(false));
  const told = news.length;
  await eventually(async () => {
    await api.stop(await api.create().answered);
    const before = news.length;
    await api.stop(await api.create().answered);
    expect(news.length).toBe(before);
  });
  expect(news.length).toBeLessThan(told + 20);
});

test('a request that waits for too long is refused, and told when to come back', async () => {
  const cluster = await openQueueCluster({ nodes: 1, queueTimeoutMs: 300 });
  await cluster.fill();
  const { id, answered } = cluster.api.create();
  await expect(answered).rejects.toMatchObject({
    code: 'runtime.no_capacity',
    message: expect.stringMatching(/^The machines are full: no room within 0\.\d s\.$/),
    retryAfterSeconds: expect.any(Number),
  });
  expect(await cluster.find(id)).toMatchObject({
    state: 'failed',
    failure: { code: 'runtime.no_capacity' },
    queuedAt: undefined,
  });
  await assertNothingWaits(cluster);
});

test('a queue that is full refuses at once, and records nothing', async () => {
  const cluster = await openQueueCluster({ nodes: 1, maxQueue: 2 });
  await cluster.fill();
  const [first] = await createWaiting(cluster, 2);
  for (const api of cluster.apis) {
    const { id, answered } = api.create();
    await expect(answered).rejects.toMatchObject({
      code: 'runtime.no_capacity',
      message: 'The machines are full, and so is the queue.',
      retryAfterSeconds: expect.any(Number),
    });
    expect(await cluster.find(id)).toBeUndefined();
  }
  await cluster.api.stop(first ?? { id: '' });
  await createWaiting(cluster, 1);
});

test('what a client waited for that hung up ends, and is never brought up', async () => {
  const cluster = await openQueueCluster({ nodes: 1 });
  const [holder] = await cluster.fill();
  const client = new AbortController();
  const { id, answered } = cluster.api.create({ signal: client.signal });
  await cluster.waiting([{ id }]);
  client.abort();
  await expect(answered).rejects.toMatchObject({ code: 'runtime.stopped' });
  const over = await cluster.find(id);
  expect(over).toMatchObject({ state: 'failed', failure: { code: 'runtime.abandoned' } });
  await cluster.api.stop(holder ?? { id: '' });
  const { answered: next } = cluster.api.create();
  expect(await next).toMatchObject({ state: 'running' });
  expect(await cluster.find(id)).toEqual(over);
});

test('what waits is stopped at any API, by itself or with its workspace, and can be deleted', async () => {
  const cluster = await openQueueCluster({ nodes: 1 });
  const [api, other] = cluster.apis;
  if (!api || !other) throw new Error('there are no APIs');
  await cluster.fill();
  const [first, second, third] = await createWaiting(cluster, 3);
  if (!first || !second || !third) throw new Error('nobody waits');
  const { manager, actor } = other;
  await expect(manager.delete(actor, 'default', first.id)).rejects.toMatchObject({
    code: 'runtime.active',
  });
  expect(await other.stop(first)).toMatchObject({ state: 'stopped', stopReason: 'requested' });
  await expect(first.answered).rejects.toMatchObject({ code: 'runtime.stopped' });
  await manager.delete(actor, 'default', first.id);
  expect(await cluster.find(first.id)).toBeUndefined();
  await manager.stopAll(actor, 'default');
  for (const one of [second, third]) {
    await expect(one.answered).rejects.toMatchObject({ code: 'runtime.stopped' });
    expect(await cluster.find(one.id)).toMatchObject({ stopReason: 'workspace_deleted' });
  }
});

test('until it runs, what waits has no ways in, and takes no changes', async () => {
  const cluster = await openQueueCluster({ nodes: 1 });
  await cluster.fill();
  const [asked] = await createWaiting(cluster, 1);
  const { manager, actor } = cluster.api;
  const runtime = await manager.getActive(actor, 'default', asked?.id ?? '');
  const notActive = { code: 'runtime.not_active' };
  await expect(manager.setProxy(actor, 'default', runtime.id, undefined)).rejects.toMatchObject(
    notActive,
  );
  const request = { protocol: 'cdp', access: 'control', ttlMs: undefined } as const;
  await expect(manager.access.create(runtime, request)).rejects.toMatchObject(notActive);
  expect(await manager.access.list(runtime)).toEqual([]);
  expect(manager.access.issueTickets(runtime)).toBeUndefined();
});

test('whoever asks again for what waits, at any API, gets the same runtime', async () => {
  const cluster = await openQueueCluster({ nodes: 1 });
  const [api, other] = cluster.apis;
  if (!api || !other) throw new Error('there are no APIs');
  const [holder] = await cluster.fill();
  const [asked] = await createWaiting(cluster, 1);
  const { id = '', answered } = asked ?? {};
  const others = [
    api.create({ id }).answered,
    other.create({ id }).answered,
    other.start(id),
    api.start(id),
  ];
  await api.stop(holder ?? { id });
  const made = await answered;
  for (const one of await Promise.all(others)) expect(one).toEqual(made);
  expect(await cluster.states([{ id }])).toEqual(['running']);
});

test('what a process had wait ends with its lease, as abandoned, and its places are free', async () => {
  const cluster = await openQueueCluster({ nodes: 1 });
  const [api, other] = cluster.apis;
  if (!api || !other) throw new Error('there are no APIs');
  await cluster.fill();
  const [theirs, spared] = await createWaiting(cluster, 2);
  if (!theirs || !spared) throw new Error('nobody waits');
  const held = await insertRecord(
    cluster.store,
    cluster.organizationId,
    newRecord({ nodeId: api.nodeId }),
  );
  await api.members.join({ ...member(api.nodeId), role: 'api' }, OVER_MS);
  const lost = await api.members.declareLost([api.nodeId]);
  expect(lost.runtimes.map(({ id }) => id).toSorted()).toEqual([theirs.id, held.id].toSorted());
  const failures = { [theirs.id]: 'runtime.abandoned', [held.id]: 'runtime.node_lost' };
  for (const [id, code] of Object.entries(failures)) {
    expect(await cluster.find(id)).toMatchObject({ state: 'failed', failure: { code } });
    const events = await cluster.store.listEvents(cluster.organizationId, id, PAST, 10);
    expect(events.at(-1)).toMatchObject({ type: 'runtime.failed', data: { code } });
  }
  expect(await cluster.states([spared])).toEqual(['accepted']);
  const [row] = await cluster.database.db
    .select()
    .from(organizations)
    .where(eq(organizations.id, cluster.organizationId));
  expect(row?.activeRuntimes).toBe(2);
});

test('what waits for clients of a process that ends is stopped, and the rest waits on', async () => {
  const cluster = await openQueueCluster({ nodes: 1 });
  const [api, other] = cluster.apis;
  if (!api || !other) throw new Error('there are no APIs');
  const [holder] = await cluster.fill();
  const [theirs, spared] = await createWaiting(cluster, 2);
  await api.nodes[Symbol.asyncDispose]();
  await expect(theirs?.answered).rejects.toMatchObject({ code: 'service.shutting_down' });
  expect(await cluster.find(theirs?.id ?? '')).toMatchObject({ stopReason: 'shutdown' });
  await expect(api.create().answered).rejects.toMatchObject({ code: 'service.shutting_down' });
  await other.stop(holder ?? { id: '' });
  expect(await spared?.answered).toMatchObject({ state: 'running' });
});

test('of a place that becomes free and a deadline at once, one decides: never both, never neither', async () => {
  const cluster = await openQueueCluster({ nodes: 1, queueTimeoutMs: 100 });
  const { api } = cluster;
  let [holder] = await cluster.fill();
  const outcomes = new Set<string>();
  for (let round = 0; round < 60; round++) {
    if (!holder) throw new Error('nothing runs');
    const { id, answered } = api.create();
    // The stop comes before the deadline at first, and after it at last.
    const freed = delay(round * 3, holder).then(api.stop);
    const made = await answered.catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'runtime.no_capacity' });
      return undefined;
    });
    await freed;
    expect(await cluster.states([{ id }])).toEqual([made ? 'running' : 'failed']);
    const active = await cluster.store.listActive(cluster.nodes[0]?.node.id ?? '');
    expect(active.map((one) => one.id)).toEqual(made ? [id] : []);
    outcomes.add(made ? 'running' : 'refused');
    holder = made ?? (await api.create().answered);
  }
  await assertNothingWaits(cluster);
  expect(outcomes).toEqual(new Set(['running', 'refused']));
});
