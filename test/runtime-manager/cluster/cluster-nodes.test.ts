import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { ClusterNodes } from '../../../src/runtime-manager/cluster/cluster-nodes.ts';
import { Directory } from '../../../src/runtime-manager/cluster/directory.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { NodeServer } from '../../../src/runtime-manager/cluster/node-server.ts';
import { SUBJECTS } from '../../../src/runtime-manager/cluster/subjects.ts';
import { WakeUps } from '../../../src/runtime-manager/events/wake-ups.ts';
import { beaconOf } from '../../support/beats.ts';
import { FakeNode } from '../../support/fake-node.ts';
import { openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';
import { orderOf } from '../../support/node-under-test.ts';

const log = pino({ level: 'silent' });

/** A process that places runtimes on nodes, each of which told of itself once. */
async function openCluster() {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  const { database, store, own } = stack.use(await openFakeNodeUnderTest());
  const bus = stack.use(new LocalBus());
  const directory = stack.use(new Directory(bus, log));
  const outcomes: string[] = [];
  const noted = (outcome: string) => void outcomes.push(outcome);
  const plane = { connect: unexpected, answer: unexpected };
  const wakeUps = new WakeUps();
  const queue = { nodeId: randomUUID(), wakeUps, maxQueue: 10, queueTimeoutMs: undefined, log };
  const placing = { bus, directory, store, plane, own: undefined, placeMs: 60_000, noted };
  const nodes = stack.use(new ClusterNodes({ ...placing, ...queue }));
  const { id: organizationId } = await insertOrganization(database.db, 'an organization');
  return {
    outcomes,
    create: () => nodes.create(orderOf(organizationId), {}),
    /** The more its beacon says that it has, the later it is asked. */
    add: async (active: number, { slots = 10, isServed = true } = {}) => {
      const { languages } = own;
      const parts = { nodeId: randomUUID(), slots, store, wakeUps, languages, log };
      const node = stack.use(new FakeNode(parts));
      if (isServed) stack.use(new NodeServer({ bus, node, log }));
      const { length } = directory.known;
      const life = { id: node.id, epoch: 1 };
      bus.publish(SUBJECTS.beacon(node.id), beaconOf({ life, address: '127.0.0.1:1' }, { active }));
      await expect.poll(() => directory.known.length).toBe(length + 1);
      return node;
    },
  };
}

async function unexpected(): Promise<never> {
  throw new Error('no client comes');
}

test('a runtime goes to the first node that takes it, and what others said is counted', async () => {
  const { create, add, outcomes } = await openCluster();
  await add(0, { isServed: false });
  const draining = await add(1);
  draining.drain();
  await add(2, { slots: 0 });
  const taking = await add(3);
  expect(await create()).toMatchObject({ nodeId: taking.id });
  expect(outcomes).toEqual(['no_responders', 'declined', 'declined', 'taken']);
});
