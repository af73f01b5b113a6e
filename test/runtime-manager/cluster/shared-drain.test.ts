import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createNodeStore } from '../../../src/db/queries/nodes.ts';
import { ClusterNodeControl } from '../../../src/runtime-manager/cluster/cluster-node-control.ts';
import { Directory } from '../../../src/runtime-manager/cluster/directory.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { Membership } from '../../../src/runtime-manager/cluster/membership.ts';
import { PROTOCOL, type Beacon } from '../../../src/runtime-manager/cluster/messages.ts';
import { SharedDrain } from '../../../src/runtime-manager/cluster/shared-drain.ts';
import { SUBJECTS } from '../../../src/runtime-manager/cluster/subjects.ts';
import { Drain } from '../../../src/runtime-manager/node/drain.ts';
import type { NewNode } from '../../../src/runtime-manager/runtime/index.ts';
import { openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';

const log = pino({ level: 'silent' });

/** A node that others use, and a process that sees it by its row and its beacons. */
async function openMember() {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  const { node, database } = stack.use(await openFakeNodeUnderTest());
  const bus = stack.use(new LocalBus());
  const directory = stack.use(new Directory(bus, log));
  const store = createNodeStore(database);
  const address = '127.0.0.1:9000';
  const joining: NewNode = { id: node.id, role: 'node', address, build: 'b', protocol: PROTOCOL };
  const member = stack.use(await Membership.join({ node: joining, store, log }));
  const about = {
    nodeId: node.id,
    address,
    build: 'b',
    protocol: PROTOCOL,
    languages: [],
    hasWebDriver: true,
  };
  const tell = () => {
    const { slots, active, waiting, free, warm, ...machine } = node.capacity;
    const beacon: Beacon = {
      ...about,
      epoch: member.epoch ?? 0,
      slots,
      active,
      waiting,
      free,
      warm,
      machine,
      state: node.isDraining ? 'draining' : 'up',
    };
    bus.publish(SUBJECTS.beacon(node.id), beacon);
  };
  tell();
  await directory.heard();
  const drain = stack.use(new Drain({ node, limitMs: 0, log }));
  const shared = new SharedDrain({ drain, member, tell, log });
  const control = new ClusterNodeControl({ store, directory });
  const placeable = () => directory.placeable.map(({ beacon }) => beacon.nodeId);
  return { node, member, store, tell, shared, control, placeable };
}

test('a node drains when its row says so, takes runtimes when the row says that, and tells both at once', async () => {
  const { node, tell, control, placeable } = await openMember();
  expect(await control.drain(node.id)).toMatchObject({ id: node.id, state: 'draining' });
  expect(await control.drain(node.id)).toMatchObject({ state: 'draining' });
  await expect.poll(() => node.isDraining).toBe(true);
  await expect.poll(placeable).toEqual([]);
  expect(await control.undrain(node.id)).toMatchObject({ state: 'up' });
  await expect.poll(() => node.isDraining).toBe(false);
  tell();
  await expect.poll(placeable).toEqual([node.id]);
});

test('a drain for good is told and recorded, and nobody undoes it', async () => {
  const { node, store, shared, control, placeable } = await openMember();
  await shared.finish();
  expect(placeable()).toEqual([]);
  const states = async () => (await store.list()).map(({ state }) => state);
  expect(await states()).toEqual(['draining']);
  await control.undrain(node.id);
  await expect.poll(states).toEqual(['draining']);
  expect(node.isDraining).toBe(true);
});

test('a node that was taken for lost joins again as one that drains', async () => {
  const { node, member, store, control } = await openMember();
  await control.drain(node.id);
  await expect.poll(() => node.isDraining).toBe(true);
  await store.leave({ id: node.id, epoch: member.epoch ?? 0 });
  await expect
    .poll(async () => await store.list())
    .toMatchObject([{ id: node.id, epoch: 2, state: 'draining' }]);
  expect(node.isDraining).toBe(true);
});

test('processes are listed with what their rows and beacons say, and one without browsers does not drain', async () => {
  const { node, store, control } = await openMember();
  const { id } = await store.join(
    { id: crypto.randomUUID(), role: 'api', address: undefined, build: 'a', protocol: PROTOCOL },
    60_000,
  );
  expect(await control.list()).toEqual([
    expect.objectContaining({
      id,
      role: 'api',
      build: 'a',
      load: undefined,
      membership: expect.objectContaining({ address: undefined, lastHeardAt: undefined }),
    }),
    expect.objectContaining({
      id: node.id,
      role: 'node',
      state: 'up',
      build: 'b',
      load: expect.objectContaining({ slots: 100, free: 100 }),
      membership: {
        epoch: 1,
        address: '127.0.0.1:9000',
        leaseLeftMs: expect.any(Number),
        lastHeardAt: expect.any(Date),
      },
    }),
  ]);
  await expect(control.drain(id)).rejects.toMatchObject({ code: 'node.not_found' });
  await expect(control.undrain(id)).rejects.toMatchObject({ code: 'node.not_found' });
});
