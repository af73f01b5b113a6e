/** Orders over a line: what becomes of them when the line breaks, or is not there. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { Directory } from '../../../src/runtime-manager/cluster/directory.ts';
import { OrderLines } from '../../../src/runtime-manager/cluster/lines/order-lines.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { NodeServer } from '../../../src/runtime-manager/cluster/node-server.ts';
import { RemoteNode } from '../../../src/runtime-manager/cluster/remote-node.ts';
import { SUBJECTS } from '../../../src/runtime-manager/cluster/subjects.ts';
import { beaconOf, beat } from '../../support/beats.ts';
import { eventually } from '../../support/eventually.ts';
import { openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';
import { orderOf } from '../../support/node-under-test.ts';
import { openPlane } from './data-plane-support.ts';
import { openTap, type Tapped } from './line-taps.ts';

const log = pino({ level: 'silent' });
const LONG = { timeoutMs: 60_000 };

interface Options {
  /** Whether the node's beacon says that it takes lines; undefined: it says nothing. */
  takesLines?: boolean;
  /** What happens to what passes the line. */
  change?: (chunk: Buffer, from: keyof Tapped['said']) => Buffer;
}

/** A node, and an API process that hears it, with what the bus carried of its orders. */
async function openNode({ takesLines = true, change }: Options = {}) {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  const subject = stack.use(await openFakeNodeUnderTest());
  const { own, store, database } = subject;
  const bus = stack.use(new LocalBus());
  const { lines: served, client, listener, close } = await openPlane(own);
  stack.defer(close);
  const server = stack.use(new NodeServer({ bus, lines: served, node: own, build: 'test', log }));
  const tap = await openTap(listener.port, change);
  const carried: string[] = [];
  stack.use(bus.subscribe(SUBJECTS.node(own.id, '>'), (_, told) => carried.push(told)));
  const directory = stack.use(new Directory(bus, log));
  const lines = stack.use(new OrderLines({ ownId: randomUUID(), bus, directory, client, log }));
  const life = { id: own.id, epoch: 1 };
  const where = { life, address: tap.address };
  const beating = stack.use(beat(bus, beaconOf(where, takesLines ? { takesLines } : {})));
  await expect.poll(() => directory.find(own.id)).toBeDefined();
  const order = orderOf((await insertOrganization(database.db, 'an organization')).id);
  const { organizationId, runtime } = order;
  return {
    ...subject,
    bus,
    server,
    tap,
    directory,
    lines,
    life,
    beating,
    order,
    /** The verbs that came over the bus. */
    overBus: () => carried.map((one) => one.split('.').at(-1)),
    /** Resolves once there is a line. */
    opened: () => eventually(() => expect(lines.to(own.id)).not.toBe(bus)),
    closed: () => eventually(() => expect(lines.to(own.id)).toBe(bus)),
    /** The node as the API process sees it now. */
    remote: () =>
      new RemoteNode({
        id: own.id,
        bus,
        orders: lines.to(own.id),
        plane: { connect: unexpected, answer: unexpected },
        store,
        build: 'test',
        placeMs: LONG.timeoutMs,
        gone: directory.goneOf(own.id),
      }),
    record: () => store.find(organizationId, 'default', runtime.id),
  };
}

async function unexpected(): Promise<never> {
  throw new Error('nobody connects');
}

test('orders, and what goes with them, pass the line, and the bus carries the rest', async () => {
  const node = await openNode();
  await node.opened();
  const made = await node.remote().create(node.order, {});
  expect(made).toMatchObject({ id: node.order.runtime.id, state: 'running' });
  if (!made) throw new Error('nothing was made');
  expect(await node.remote().start(made, {})).toMatchObject({ id: made.id });
  expect(node.overBus()).toEqual([]);
  await node.remote().stop(made, { to: 'stopped', reason: 'requested' });
  expect(node.overBus()).toEqual(['stop']);
});

test('a node that says nothing of lines is given its orders over the bus', async () => {
  const node = await openNode({ takesLines: false });
  const made = await node.remote().create(node.order, {});
  expect(made).toMatchObject({ state: 'running' });
  expect(node.overBus()).toEqual(['create']);
  expect(node.tap.tapped).toEqual([]);
});

test('an order goes over the bus when the line broke before', async () => {
  const node = await openNode();
  await node.opened();
  const remote = node.remote();
  node.tap.cut();
  await node.closed();
  expect(await remote.create(node.order, {})).toMatchObject({ state: 'running' });
  expect(node.overBus()).toEqual(['create']);
  // A line that broke is replaced.
  await node.opened();
});

test.for([
  ['before it is here', 'near', 'create'],
  ['before its answer is here', 'far', 'running'],
] as const)(
  'an order whose line breaks %s is given once more over the bus, and makes one runtime',
  async ([, from, word]) => {
    let isBroken = false;
    const node = await openNode({
      change: (chunk, said) => {
        if (isBroken || said !== from || !String(chunk).includes(word)) return chunk;
        isBroken = true;
        node.tap.cut();
        return Buffer.alloc(0);
      },
    });
    await node.opened();
    const made = await node.remote().create(node.order, {});
    expect(made).toMatchObject({ id: node.order.runtime.id, state: 'running', generation: 1 });
    expect(isBroken).toBe(true);
    expect(node.overBus()).toEqual(['create']);
    // It stays, since the second answer was confirmed.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(await node.record()).toMatchObject({ state: 'running' });
  },
);

test('an answer that is here but not confirmed, since the line and the bus broke, is of a runtime that ends', async () => {
  const node = await openNode({
    change: (chunk, said) => {
      if (said !== 'near' || !String(chunk).includes('confirmation')) return chunk;
      node.tap.cut();
      return Buffer.alloc(0);
    },
  });
  await node.opened();
  // The asker has its answer, as whoever dies just then.
  expect(await node.remote().create(node.order, {})).toMatchObject({ state: 'running' });
  await expect
    .poll(() => node.record(), { timeout: 10_000 })
    .toMatchObject({ state: 'failed', failure: { code: 'runtime.abandoned' } });
});

test('an order whose line breaks with its node waits until the node is gone, and is then uncertain', async () => {
  const node = await openNode({
    change: (chunk, said) => {
      if (said !== 'near' || !String(chunk).includes('create')) return chunk;
      node.server[Symbol.dispose]();
      node.tap.cut();
      return Buffer.alloc(0);
    },
  });
  await node.opened();
  let isOver = false;
  const made = node
    .remote()
    .create(node.order, {})
    .finally(() => (isOver = true));
  made.catch(() => undefined);
  await node.closed();
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(isOver).toBe(false);
  node.directory.end(node.life);
  await expect(made).rejects.toMatchObject({
    code: 'service.unavailable',
    cause: { failure: 'aborted' },
  });
});

test('an order whose line breaks without a bus is uncertain at once', async () => {
  const node = await openNode({
    change: (chunk, said) => {
      if (said !== 'near' || !String(chunk).includes('create')) return chunk;
      node.bus.isConnected = false;
      node.tap.cut();
      return Buffer.alloc(0);
    },
  });
  await node.opened();
  await expect(node.remote().create(node.order, {})).rejects.toMatchObject({
    code: 'service.unavailable',
    cause: { failure: 'interrupted' },
  });
});

test('an order to a node that serves no more is declined, so that another node may be asked', async () => {
  const node = await openNode();
  await node.opened();
  node.server[Symbol.dispose]();
  await expect(node.remote().create(node.order, {})).rejects.toMatchObject({
    code: 'runtime.unreachable',
  });
  expect(await node.record()).toBeUndefined();
});

test('an order is given up over its line', async () => {
  const node = await openNode();
  await node.opened();
  const giving = new AbortController();
  giving.abort();
  await expect(node.remote().create(node.order, { signal: giving.signal })).rejects.toMatchObject({
    code: expect.any(String),
  });
  expect(node.overBus()).toEqual([]);
  expect(await node.record()).not.toMatchObject({ state: 'running' });
});

test('a line is closed when its node is out of reach or gone, and opened when it is back', async () => {
  const node = await openNode();
  const { directory, life, own } = node;
  await node.opened();
  directory.setInReach(own.id, false);
  await node.closed();
  directory.setInReach(own.id, true);
  await node.opened();
  expect(node.tap.tapped).toHaveLength(2);
  directory.end(life);
  await node.closed();
  await eventually(() => expect(node.tap.tapped.every(({ near }) => near.destroyed)).toBe(true));
});
