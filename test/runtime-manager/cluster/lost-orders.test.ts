/** What becomes of orders that a node was given before it was lost. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { WakeUps } from '../../../src/runtime-manager/events/wake-ups.ts';
import { ClusterNodes } from '../../../src/runtime-manager/cluster/cluster-nodes.ts';
import { Directory } from '../../../src/runtime-manager/cluster/directory.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { LineServer } from '../../../src/runtime-manager/cluster/lines/line-server.ts';
import { NodeServer } from '../../../src/runtime-manager/cluster/node-server.ts';
import { SUBJECTS } from '../../../src/runtime-manager/cluster/subjects.ts';
import { beaconOf, beat } from '../../support/beats.ts';
import { openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';
import { orderOf } from '../../support/node-under-test.ts';

const log = pino({ level: 'silent' });
const ADDRESS = '127.0.0.1:1';

/** Two nodes: one that is asked first, and takes orders without an answer; and one that answers. */
async function openNodes() {
  const subject = await openFakeNodeUnderTest();
  onTestFinished(() => subject[Symbol.asyncDispose]());
  const { own, store, database } = subject;
  const bus = new LocalBus();
  const directory = new Directory(bus, log);
  onTestFinished(() => directory[Symbol.dispose]());
  const server = new NodeServer({ bus, lines: new LineServer(log), node: own, build: 'test', log });
  onTestFinished(() => server[Symbol.dispose]());
  const silent = { id: randomUUID(), epoch: 1 };
  const asked = Promise.withResolvers<void>();
  bus.serve(SUBJECTS.node(silent.id, 'create'), () => {
    asked.resolve();
    return Promise.withResolvers<void>().promise;
  });
  const answering = { id: own.id, epoch: 1 };
  beat(bus, beaconOf({ life: silent, address: ADDRESS }))[Symbol.dispose]();
  beat(bus, beaconOf({ life: answering, address: ADDRESS }, { active: 9 }))[Symbol.dispose]();
  await expect.poll(() => directory.placeable.length).toBe(2);
  const plane = { connect: unexpected, answer: unexpected };
  const queue = {
    nodeId: randomUUID(),
    wakeUps: new WakeUps(),
    build: 'test',
    maxQueue: 10,
    queueTimeoutMs: undefined,
    noted: () => undefined,
    log,
  };
  const lines = { to: () => bus };
  const parts = { bus, lines, directory, store, plane, placeMs: 60_000, own: undefined, ...queue };
  const nodes = new ClusterNodes(parts);
  onTestFinished(() => nodes[Symbol.asyncDispose]());
  const { id } = await insertOrganization(database.db, 'an organization');
  const order = orderOf(id);
  return {
    nodes,
    asked: asked.promise,
    own,
    directory,
    silent,
    order,
    store,
  };
}

async function unexpected(): Promise<never> {
  throw new Error('nobody connects');
}

test('an order that a lost node had not begun goes to another one', async () => {
  const { nodes, asked, own, directory, silent, order } = await openNodes();
  const made = nodes.create(order, {});
  await asked;
  directory.end(silent);
  expect(await made).toMatchObject({ id: order.runtime.id, nodeId: own.id, state: 'running' });
});

test('an order that a lost node had begun is not begun again', async () => {
  const { nodes, asked, directory, silent, order, store } = await openNodes();
  const made = nodes.create(order, {});
  await asked;
  const record = { ...order.runtime, nodeId: silent.id, state: 'launching' } as const;
  await store.insert(order.organizationId, record);
  directory.end(silent);
  expect(await made).toBeUndefined();
});
