import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { ClusterNodes } from '../../../src/runtime-manager/cluster/cluster-nodes.ts';
import { Directory } from '../../../src/runtime-manager/cluster/directory.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { PROTOCOL } from '../../../src/runtime-manager/cluster/messages.ts';
import { LineServer } from '../../../src/runtime-manager/cluster/lines/line-server.ts';
import { NodeServer } from '../../../src/runtime-manager/cluster/node-server.ts';
import { SUBJECTS } from '../../../src/runtime-manager/cluster/subjects.ts';
import { WakeUps } from '../../../src/runtime-manager/events/wake-ups.ts';
import { FakeNode } from '../../support/fake-node.ts';
import { openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';
import { orderOf } from '../../support/node-under-test.ts';

const log = pino({ level: 'silent' });

/** A process that places runtimes on nodes, which told of themselves once. */
async function openCluster() {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  const { database, store, own } = stack.use(await openFakeNodeUnderTest());
  const bus = stack.use(new LocalBus());
  const directory = stack.use(new Directory(bus, log));
  const outcomes: string[] = [];
  const nodes = stack.use(
    new ClusterNodes({
      bus,
      lines: { to: () => bus },
      directory,
      store,
      own: undefined,
      placeMs: 60_000,
      build: 'test',
      nodeId: randomUUID(),
      wakeUps: new WakeUps(),
      maxQueue: 10,
      queueTimeoutMs: 50,
      noted: (outcome) => void outcomes.push(outcome),
      plane: { connect: unused, answer: unused },
      log,
    }),
  );
  const { id } = await insertOrganization(database.db, 'an organization');
  return {
    outcomes,
    create: () => nodes.create(orderOf(id), {}),
    /** `active` is what its beacon says: the more, the later it is asked. */
    add: async ({
      slots,
      active,
      isServed,
    }: {
      slots: number;
      active: number;
      isServed: boolean;
    }) => {
      const { languages } = own;
      const node = stack.use(
        new FakeNode({
          nodeId: randomUUID(),
          slots,
          store,
          wakeUps: new WakeUps(),
          languages,
          log,
        }),
      );
      if (isServed)
        stack.use(new NodeServer({ bus, lines: new LineServer(log), node, build: 'test', log }));
      const known = directory.known.length;
      bus.publish(SUBJECTS.beacon(node.id), {
        nodeId: node.id,
        epoch: 1,
        protocol: PROTOCOL,
        state: 'up',
        build: 'b',
        address: '127.0.0.1:9000',
        languages: [],
        hasWebDriver: true,
        slots: 10,
        active,
        waiting: 0,
        free: 10 - active,
        warm: 0,
      });
      await expect.poll(() => directory.known.length).toBe(known + 1);
      return node;
    },
  };
}

test('a runtime goes to the first node that takes it, and what others said is counted', async () => {
  const { create, add, outcomes } = await openCluster();
  await add({ slots: 10, active: 0, isServed: false });
  const draining = await add({ slots: 10, active: 1, isServed: true });
  draining.drain();
  await add({ slots: 0, active: 2, isServed: true });
  const taking = await add({ slots: 10, active: 3, isServed: true });
  expect(await create()).toMatchObject({ nodeId: taking.id });
  expect(outcomes).toEqual(['no_responders', 'declined', 'declined', 'taken']);
});

test('when none takes it and one is full, a runtime waits for any, and is refused in time', async () => {
  const { create, add, outcomes } = await openCluster();
  const draining = [
    await add({ slots: 10, active: 0, isServed: true }),
    await add({ slots: 10, active: 2, isServed: true }),
  ];
  for (const node of draining) node.drain();
  await add({ slots: 0, active: 1, isServed: true });
  await expect(create()).rejects.toMatchObject({ code: 'runtime.no_capacity' });
  expect(outcomes).toEqual(['declined', 'declined', 'declined', 'queued']);
});

async function unused(): Promise<never> {
  throw new Error('nobody connects');
}
