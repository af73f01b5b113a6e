import { randomUUID } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { listenAsHttpProxy } from '../../support/proxy-servers.ts';
import { insertRecord, newRecord } from '../../support/records.ts';
import type { NodeTest } from '../../support/node-test.ts';
import { orderOf } from '../../support/node-under-test.ts';

const REQUESTED = { to: 'stopped', reason: 'requested' } as const;
const IDLE = { to: 'stopped', reason: 'idle' } as const;
const NEVER = new AbortController().signal;
const NOT_ACTIVE = { code: 'runtime.not_active' };

/** How runtimes begin and end, and what is recorded of it. */
export function testLives(test: NodeTest): void {
  testBegins(test);
  testEnds(test);
  testVerbs(test);
}

function testBegins(test: NodeTest): void {
  test('a create answers a runtime that runs, as it is recorded', async ({ tenant }) => {
    const made = await tenant.create({ alias: 'first' });
    expect(made).toMatchObject({
      alias: 'first',
      nodeId: tenant.node.id,
      state: 'running',
      generation: 1,
      defaultContextId: expect.any(String),
      defaultPageId: expect.any(String),
      startedAt: expect.any(Date),
      expiresAt: expect.any(Date),
    });
    expect(await tenant.find(made)).toEqual(made);
    const events = await tenant.store.listEvents(tenant.organizationId, made.id, { after: '0' }, 9);
    expect(events.map(({ type }) => type)).toEqual(['runtime.created', 'runtime.launched']);
  });

  test('an alias in use is refused, and whoever has it is left alone', async ({ tenant }) => {
    const first = await tenant.create({ alias: 'taken' });
    await expect(tenant.create({ alias: 'taken' })).rejects.toMatchObject({
      code: 'runtime.alias_in_use',
    });
    expect(await tenant.find(first)).toEqual(first);
    await tenant.node.stop(first, REQUESTED);
    expect(await tenant.create({ alias: 'taken' })).toMatchObject({ state: 'running' });
  });

  test('a create whose client hung up leaves nothing that runs', async ({ tenant }) => {
    const alias = randomUUID();
    const abandoned = tenant.create({ alias }, { signal: AbortSignal.abort() });
    await expect(abandoned).rejects.toMatchObject({ code: 'runtime.stopped' });
    const { organizationId, store } = tenant;
    await expect
      .poll(() => store.find(organizationId, 'default', alias))
      .toMatchObject({ state: 'failed', failure: { code: 'runtime.abandoned' } });
  });

  test('an order that comes twice makes one runtime, which answers both', async ({ tenant }) => {
    const { node, organizationId, store } = tenant;
    const order = orderOf(organizationId);
    const [one, other] = await Promise.all([node.create(order, {}), node.create(order, {})]);
    expect(one).toMatchObject({ id: order.runtime.id, state: 'running' });
    expect(other).toEqual(one);
    expect(await node.create(order, {})).toEqual(one);
    expect((await store.listActive(node.id)).filter(({ id }) => id === one?.id)).toHaveLength(1);
  });

  test('an order for a runtime that another node has makes nothing', async ({ tenant }) => {
    const { node, organizationId, store } = tenant;
    const theirs = newRecord({ nodeId: randomUUID() });
    const before = await insertRecord(store, organizationId, theirs);
    const order = orderOf(organizationId);
    expect(
      await node.create({ ...order, runtime: { ...order.runtime, id: theirs.id } }, {}),
    ).toBeUndefined();
    expect(await tenant.find(before)).toEqual(before);
  });

  test('a start begins the next life of what is over, and answers what runs as it is', async ({
    tenant,
  }) => {
    const first = await tenant.create();
    expect(await tenant.start(first)).toMatchObject({ state: 'running', generation: 1 });
    await tenant.node.stop(first, REQUESTED);
    expect(await tenant.node.start(first, {})).toBeUndefined();
    const second = await tenant.start({ ...first, generation: 2 });
    expect(second).toMatchObject({ id: first.id, state: 'running', generation: 2 });
    expect(second.stopReason).toBeUndefined();
    expect(await tenant.find(first)).toEqual(second);
  });

  test('of many starts at once one begins a life, and all answer it', async ({ tenant }) => {
    const first = await tenant.create();
    await tenant.node.stop(first, REQUESTED);
    const next = { ...first, generation: 2 };
    const starts = Array.from({ length: 4 }, () => tenant.start(next));
    for (const started of await Promise.all(starts)) {
      expect(started).toMatchObject({ id: first.id, state: 'running', generation: 2 });
    }
  });

  test('a start of what is not there, or is held elsewhere, begins nothing', async ({ tenant }) => {
    const { store, organizationId, node } = tenant;
    const record = newRecord({ nodeId: randomUUID() });
    const theirs = await insertRecord(store, organizationId, record);
    for (const generation of [1, 2]) {
      expect(await node.start({ ...theirs, generation }, {})).toBeUndefined();
    }
    expect(await tenant.find(theirs)).toMatchObject({ state: 'launching', generation: 1 });
    expect(await node.start({ ...theirs, id: randomUUID() }, {})).toBeUndefined();
  });
}

function testEnds(test: NodeTest): void {
  test('a stop ends a life, and says how it is recorded', async ({ tenant }) => {
    const runtime = await tenant.create();
    const over = await tenant.node.stop(runtime, REQUESTED);
    expect(over).toMatchObject({
      state: 'stopped',
      stopReason: 'requested',
      defaultPageId: undefined,
      stoppedAt: expect.any(Date),
    });
    expect(await tenant.find(runtime)).toEqual(over);
  });

  test('a second stop touches nothing', async ({ tenant }) => {
    const runtime = await tenant.create();
    const over = await tenant.node.stop(runtime, REQUESTED, { untilGone: true });
    expect(await tenant.node.stop(runtime, IDLE)).toBeUndefined();
    expect(await tenant.find(runtime)).toEqual(over);
  });

  test('of stops at once the first decides, and nobody hears of another end', async ({
    tenant,
  }) => {
    const runtime = await tenant.create();
    const ends = [REQUESTED, IDLE, IDLE].map((end) => tenant.node.stop(runtime, end));
    const over = (await Promise.all(ends)).filter((one) => one !== undefined);
    expect(over.length).toBeGreaterThan(0);
    for (const one of over) expect(one).toMatchObject({ stopReason: 'requested' });
    expect(await tenant.find(runtime)).toMatchObject({ stopReason: 'requested' });
  });

  test('a stop of an earlier life ends no later one', async ({ tenant }) => {
    const first = await tenant.create();
    await tenant.node.stop(first, REQUESTED);
    const second = await tenant.start({ ...first, generation: 2 });
    expect(await tenant.node.stop(first, REQUESTED)).toBeUndefined();
    expect(await tenant.find(first)).toEqual(second);
    expect(await tenant.node.stop(second, IDLE)).toMatchObject({ stopReason: 'idle' });
  });

  test('a failure is recorded as it is said', async ({ tenant }) => {
    const runtime = await tenant.create();
    const failure = { code: 'connection.failed', message: 'It did not come.' } as const;
    expect(await tenant.node.stop(runtime, { to: 'failed', failure })).toMatchObject({
      state: 'failed',
      failure,
    });
  });
}

function testVerbs(test: NodeTest): void {
  test('the traffic is sent by a proxy, or directly again, as it is recorded', async ({
    tenant,
  }) => {
    const proxy = await listenAsHttpProxy();
    onTestFinished(() => proxy[Symbol.dispose]());
    const address = { type: 'http', host: '127.0.0.1', port: proxy.port } as const;
    const runtime = await tenant.create();
    expect(await tenant.node.setProxy(runtime, address)).toMatchObject({ proxy: address });
    expect(await tenant.find(runtime)).toMatchObject({ state: 'running', proxy: address });
    await tenant.node.setProxy(runtime, undefined);
    expect((await tenant.find(runtime))?.proxy).toBeUndefined();
    const changes = () =>
      tenant.store.listEvents(
        tenant.organizationId,
        runtime.id,
        { after: '0', types: ['runtime.proxy_changed'] },
        9,
      );
    await expect.poll(changes).toMatchObject([{ data: { proxy: address } }, { data: {} }]);
  });

  test('a life that is over is asked for nothing, whatever follows it', async ({ tenant }) => {
    const { node } = tenant;
    const first = await tenant.create();
    await node.stop(first, REQUESTED);
    const refusesAll = async () => {
      await expect(node.setProxy(first, undefined)).rejects.toMatchObject(NOT_ACTIVE);
      await expect(node.call(first, 'captchas.solve', {}, NEVER)).rejects.toMatchObject(NOT_ACTIVE);
      const wanted = { protocol: 'cdp', access: 'control', expiresAt: new Date() } as const;
      await expect(node.createConnection(first, wanted)).rejects.toMatchObject(NOT_ACTIVE);
      await expect(node.revokeConnection(first, randomUUID())).rejects.toMatchObject({
        code: 'connection.not_found',
      });
      expect(await node.listConnections(first)).toEqual([]);
      expect(() => node.observe(first, 1)).not.toThrow();
    };
    await refusesAll();
    const second = await tenant.start({ ...first, generation: 2 });
    await refusesAll();
    expect(await tenant.find(first)).toEqual(second);
  });

  test('nobody answers a call that no companion knows', async ({ tenant }) => {
    const runtime = await tenant.create();
    const called = tenant.node.call(runtime, 'nobody.acts', {}, NEVER);
    await expect(called).rejects.toMatchObject(NOT_ACTIVE);
  });

  test('a node that is there is ready, and knows the languages of its browsers', async ({
    tenant: { own },
  }) => {
    expect(await own.isReady()).toBe(true);
    expect(() => own.anticipate()).not.toThrow();
    expect(() => own.languages.assertHas('en-GB')).not.toThrow();
    expect(() => own.languages.assertHas('tlh-KX')).toThrow(
      expect.objectContaining({ code: 'profile.locale_unavailable' }),
    );
  });
}
