/** Who is lost, and who is not, by what three witnesses say. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { Detector } from '../../../src/runtime-manager/cluster/detector.ts';
import { Directory } from '../../../src/runtime-manager/cluster/directory.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { planeOf } from '../../../src/runtime-manager/cluster/node-plane.ts';
import { SUBJECTS } from '../../../src/runtime-manager/cluster/subjects.ts';
import type { NodeStore, RuntimeLife } from '../../../src/runtime-manager/runtime/index.ts';
import { beaconOf, beat } from '../../support/beats.ts';
import { member, MINUTE_MS, OVER_MS, test as base } from '../../support/cluster-test.ts';
import { letPass } from '../../support/elapsed.ts';
import { RUNNING } from '../../support/records.ts';
import { requestOf } from '../../support/node-under-test.ts';
import { openPlaneTo, ticketAt } from './data-plane-support.ts';

/** A node is silent after one, and a look follows within another. */
const SOON_MS = 2500;
const log = pino({ level: 'silent' });

/** A process that looks for the others, which are there as far as a test says so. */
const test = base.extend('watched', async ({ cluster: { members } }) => {
  const bus = new LocalBus();
  const directory = new Directory(bus, log);
  onTestFinished(() => directory[Symbol.dispose]());
  const { client } = await openPlaneTo({});
  const told: RuntimeLife[] = [];
  const detector = new Detector({
    ownId: randomUUID(),
    bus,
    directory,
    plane: client,
    store: members,
    wakeUps: { wake: (life) => void told.push({ generation: 1, ...life }) },
    log,
  });
  onTestFinished(() => detector[Symbol.dispose]());
  const plane = planeOf({ client, directory, doubt: (id) => detector.doubt(id) });
  return { bus, directory, told, plane };
});

/** A node that has joined, and whose data plane answers until it is closed. */
async function openNode(members: Pick<NodeStore, 'join'>, leaseMs: number) {
  const { node, target, listener } = await openPlaneTo({});
  const { address } = target;
  const life = await members.join({ ...member(node.id), address }, leaseMs);
  return { life, address, close: () => listener[Symbol.asyncDispose]() };
}

test('a node is lost when its lease is over, it is silent, and nothing is at its port', async ({
  cluster: { members, statesOf, openOrganization, insert, recordOf },
  watched: { bus, directory, told },
}) => {
  const node = await openNode(members, OVER_MS);
  const runtime = await insert(await openOrganization(), node.life.id, RUNNING);
  const beating = beat(bus, beaconOf(node));
  await expect.poll(() => directory.find(node.life.id)).toBeDefined();
  const gone = directory.goneOf(node.life.id);
  await node.close();
  await delay(SOON_MS);
  // It is heard.
  expect(await statesOf([node.life.id])).toEqual(['up']);
  beating[Symbol.dispose]();
  await expect.poll(() => statesOf([node.life.id])).toEqual(['lost']);
  expect(await recordOf(runtime)).toMatchObject({ failure: { code: 'runtime.node_lost' } });
  const { organizationId, id } = runtime;
  await expect.poll(() => told).toEqual([{ organizationId, id, generation: 1 }]);
  expect(gone.aborted).toBe(true);
  expect(directory.find(node.life.id)).toBeUndefined();
  // What the old life still says is not heard.
  beat(bus, beaconOf(node))[Symbol.dispose]();
  expect(directory.find(node.life.id)).toBeUndefined();
});

test('a node is not lost while its port answers, its lease holds, or there is no bus', async ({
  cluster: { members, statesOf },
  watched: { bus },
}) => {
  const answering = await openNode(members, OVER_MS);
  const leased = await openNode(members, MINUTE_MS);
  await leased.close();
  for (const one of [answering, leased]) beat(bus, beaconOf(one))[Symbol.dispose]();
  await delay(SOON_MS);
  const ids = [answering.life.id, leased.life.id];
  expect(await statesOf(ids)).toEqual(['up', 'up']);
  bus.isConnected = false;
  await answering.close();
  await delay(SOON_MS);
  expect(await statesOf(ids)).toEqual(['up', 'up']);
  bus.isConnected = true;
  await expect.poll(() => statesOf(ids)).toEqual(['lost', 'up']);
});

test('a node that was gone before this process came is lost too', async ({
  cluster: { members, statesOf },
  watched: { directory },
}) => {
  const node = await openNode(members, OVER_MS);
  await node.close();
  await expect.poll(() => statesOf([node.life.id])).toEqual(['lost']);
  expect(directory.isGone(node.life.id)).toBe(true);
});

test('a node whose system takes connections while it is silent is lost after ten seconds', async ({
  cluster: { members, statesOf },
  watched: { bus },
}) => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const listening = server.address();
  const port = typeof listening === 'object' ? listening?.port : undefined;
  const address = `127.0.0.1:${port}`;
  const life = await members.join({ ...member(), address }, OVER_MS);
  beat(bus, beaconOf({ life, address }))[Symbol.dispose]();
  await delay(SOON_MS);
  expect(await statesOf([life.id])).toEqual(['up']);
  letPass(10);
  await expect.poll(() => statesOf([life.id])).toEqual(['lost']);
});

test('an API process is lost when its lease is over and nobody answers for it', async ({
  cluster: { members, statesOf },
  watched: { bus },
}) => {
  const [there, gone] = await Promise.all(
    [0, 1].map(() => members.join({ ...member(), role: 'api' }, OVER_MS)),
  );
  if (!there || !gone) throw new Error('nobody joined');
  bus.serve(SUBJECTS.ping(there.id), async () => undefined);
  await expect.poll(() => statesOf([there.id, gone.id])).toEqual(['up', 'lost']);
  await delay(SOON_MS);
  expect(await statesOf([there.id])).toEqual(['up']);
});

test('what a lost node still records fails within seconds', async ({
  cluster: { members, statesOf, openOrganization, insert, recordOf },
  watched: { told },
}) => {
  const node = await openNode(members, OVER_MS);
  await node.close();
  await expect.poll(() => statesOf([node.life.id])).toEqual(['lost']);
  const late = await insert(await openOrganization(), node.life.id, RUNNING);
  await expect
    .poll(() => recordOf(late))
    .toMatchObject({ state: 'failed', failure: { code: 'runtime.node_lost' } });
  await expect.poll(() => told).toMatchObject([{ id: late.id }]);
});

test('a node that others declared lost is over here too', async ({
  cluster: { members },
  watched: { bus, directory },
}) => {
  const node = await openNode(members, OVER_MS);
  beat(bus, beaconOf(node))[Symbol.dispose]();
  await expect.poll(() => directory.find(node.life.id)).toBeDefined();
  const gone = directory.goneOf(node.life.id);
  await members.declareLost([node.life.id]);
  await expect.poll(() => gone.aborted).toBe(true);
  expect(directory.isOver(node.life)).toBe(true);
});

test('a node that is heard, but out of reach, is avoided and says so until it is in reach', async ({
  cluster: { members, statesOf },
  watched: { bus, directory, plane },
}) => {
  const node = await openNode(members, MINUTE_MS);
  const { id } = node.life;
  using _beating = beat(bus, beaconOf(node));
  await expect.poll(() => directory.placeable.length).toBe(1);
  await node.close();
  const ticket = { runtimeId: randomUUID() };
  const answer = () => plane.answer(id, ticketAt(id, ticket), requestOf());
  await expect(answer()).rejects.toMatchObject({ code: 'runtime.unreachable' });
  await expect.poll(() => directory.placeable).toEqual([]);
  await expect(answer()).rejects.toMatchObject({ code: 'runtime.unreachable' });
  expect(await statesOf([id])).toEqual(['up']);
  // It is elsewhere now.
  const moved = await openPlaneTo({ id });
  using _again = beat(bus, beaconOf({ life: node.life, address: moved.target.address }));
  await expect.poll(() => directory.placeable.length).toBe(1);
});
