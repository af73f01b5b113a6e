import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { organizations, workspaces } from '../../../src/db/schema/index.ts';
import { Directory } from '../../../src/runtime-manager/cluster/directory.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { Beacon, Observe, PROTOCOL } from '../../../src/runtime-manager/cluster/messages.ts';
import { RemoteNode } from '../../../src/runtime-manager/cluster/remote-node.ts';
import { SUBJECTS } from '../../../src/runtime-manager/cluster/subjects.ts';
import type { NodeUnderTest } from '../../support/node-under-test.ts';
import { nodeTest } from '../../support/node-test.ts';
import { testConnections } from '../node/runtime-node.connections.ts';
import { testLives } from '../node/runtime-node.lives.ts';
import { openRemoteNode } from './open-remote-node.ts';
import recorded from './protocol-1.json' with { type: 'json' };
import { skewedBus, withLaterKeys, withoutOptionalKeys } from './skewed-bus.ts';

const TIMEOUT_MS = 60_000;
const NEVER = new AbortController().signal;
const { nodeId, exchanges, beacon } = recorded;

function same(said: unknown): unknown {
  return said;
}

const SKEWS = [
  ['as they were recorded', same],
  ['with keys of a later version', withLaterKeys],
  ['without the keys that may be missing', withoutOptionalKeys],
] as const;

/** A node with the id, organization and workspace of the recorded messages. */
async function openRecordedNode(): Promise<NodeUnderTest & { bus: LocalBus }> {
  const subject = await openRemoteNode({}, { nodeId });
  onTestFinished(() => subject[Symbol.asyncDispose]());
  const { db } = subject.database;
  const { organizationId, workspaceId } = recorded;
  await db.insert(organizations).values({ id: organizationId, name: 'recorded' });
  await db.insert(workspaces).values({ id: workspaceId, organizationId, name: 'default' });
  return subject;
}

/** A process of that version leaves connections of this protocol out. */
const isLater = (value: unknown) => JSON.stringify(value).includes('"protocol":"mcp"');

/** Without what is different each time. */
function comparable(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (_, value: unknown) => {
    if (Array.isArray(value)) return value.filter((one) => !isLater(one));
    if (typeof value !== 'object' || value === null || !('createdAt' in value)) return value;
    return { ...value, createdAt: 'then', ...('expiresAt' in value && { id: 'made' }) };
  });
}

test.for(SKEWS)(
  'messages of the first protocol %s are understood, and answered alike',
  async ([how, skew]) => {
    const { bus } = await openRecordedNode();
    // The answer shows when the connection expires, which has to be told.
    const isTold = ({ verb }: { verb: string }) =>
      how === 'without the keys that may be missing' && verb === 'connections.create';
    for (const exchange of exchanges) {
      const { verb, message, answer } = exchange;
      const said = isTold(exchange) ? message : skew(message);
      const asked = bus.request(SUBJECTS.node(nodeId, verb), said, { timeoutMs: TIMEOUT_MS });
      if (exchange.cancel) bus.publish(SUBJECTS.node(nodeId, 'cancel'), skew(exchange.cancel));
      // What it tells besides is for processes of its own build.
      expect(comparable(await asked), verb).toMatchObject(comparable(answer) as object);
    }
    expect(Observe.parse(skew(recorded.observe))).toEqual(recorded.observe);
  },
);

/** A node that gives the recorded answers, as another process sees it. */
async function openAnswering(skew: (said: unknown) => unknown) {
  const { store, bus: live } = await openRecordedNode();
  const [create] = exchanges;
  const subject = SUBJECTS.node(nodeId, 'create');
  await live.request(subject, create?.message, { timeoutMs: TIMEOUT_MS });
  const bus = new LocalBus();
  const gives = new Map(exchanges.map(({ verb, answer }) => [verb, skew(answer)]));
  for (const [verb, answer] of gives) bus.serve(SUBJECTS.node(nodeId, verb), async () => answer);
  const plane = {
    connect: () => Promise.reject(new Error('not asked')),
    answer: () => Promise.reject(new Error('not asked')),
  };
  const node = new RemoteNode({
    id: nodeId,
    bus,
    orders: bus,
    store,
    plane,
    build: 'of another',
    placeMs: TIMEOUT_MS,
    gone: NEVER,
  });
  const record = await store.find(recorded.organizationId, 'default', 'recorded');
  if (!record) throw new Error('the recorded runtime was not made');
  return { bus, node, record };
}

test.for(SKEWS)('answers of the first protocol %s are understood', async ([, skew]) => {
  const { node, record } = await openAnswering(skew);
  const { organizationId } = record;
  const order = { organizationId, runtime: { ...record, workspace: 'default' } };
  expect(await node.create(order, {})).toEqual(record);
  expect(await node.start(record, {})).toEqual(record);
  expect(await node.stop(record, { to: 'stopped', reason: 'requested' })).toEqual(record);
  expect(await node.setProxy(record, undefined)).toEqual(record);
  const connections = await node.listConnections(record);
  expect(connections.map(({ protocol }) => protocol)).toEqual([
    'webdriver',
    'webdriver',
    'playwright',
    'cdp',
  ]);
  const keys = ['createdAt', 'expiresAt', 'lastActivityAt', 'attachedClients'];
  for (const one of connections) {
    expect(Object.keys(one)).toEqual(expect.arrayContaining(keys));
    expect(one).toMatchObject({ createdAt: expect.any(Date), lastActivityAt: undefined });
    expect(one).not.toHaveProperty('ofALaterVersion');
  }
  expect(await node.revokeConnection(record, 'any')).toMatchObject({ protocol: 'cdp' });
  const request = { protocol: 'webdriver', access: 'control', expiresAt: new Date() } as const;
  expect(await node.createConnection(record, request)).toMatchObject({ protocol: 'webdriver' });
  await expect(node.call(record, 'captchas.solve', {}, NEVER)).rejects.toMatchObject({
    code: 'runtime.not_active',
    message: 'Nothing accompanies this runtime.',
  });
});

function ofLaterVersion(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer)
      .replaceAll('"playwright"', '"of-a-later-version"')
      .replaceAll('"runtime.not_active"', '"runtime.of_a_later_version"'),
  );
}

test('what only a later version knows in an answer is left out, and its errors say that they are ones', async () => {
  const { node, record } = await openAnswering(ofLaterVersion);
  const connections = await node.listConnections(record);
  expect(connections.map(({ protocol }) => protocol)).toEqual(['webdriver', 'webdriver', 'cdp']);
  await expect(node.call(record, 'captchas.solve', {}, NEVER)).rejects.toMatchObject({
    code: 'service.unavailable',
    message: 'Nothing accompanies this runtime.',
  });
});

const askedByLater = nodeTest(() =>
  openRemoteNode({ asker: (bus) => skewedBus(bus, withLaterKeys) }),
);
const askingLater = nodeTest(() =>
  openRemoteNode({ node: (bus) => skewedBus(bus, withLaterKeys) }),
);

for (const [who, ofNode] of [
  ['a later process asks a node of ours', askedByLater],
  ['a process of ours asks a later node', askingLater],
] as const) {
  describe(who, () => {
    testLives(ofNode);
    testConnections(ofNode);
  });
}

/** What a process knows of nodes by their beacons, and what it logged of them. */
function openDirectory() {
  const logged: string[] = [];
  const bus = new LocalBus();
  const log = pino({}, { write: (line: string) => logged.push(line) });
  const directory = new Directory(bus, log);
  onTestFinished(() => directory[Symbol.dispose]());
  const hear = async (message: unknown) => {
    bus.publish(SUBJECTS.beacon(nodeId), message);
    await Promise.resolve();
  };
  return { directory, hear, logged };
}

test.for(SKEWS)('a beacon of the first protocol %s is understood', async ([, skew]) => {
  const { directory, hear, logged } = openDirectory();
  await hear(skew(beacon));
  expect(directory.find(nodeId)?.beacon).toEqual(Beacon.parse(beacon));
  expect(directory.placeable).toHaveLength(1);
  expect(logged).toEqual([]);
});

test('a node in a state that only a later version knows is reached, and gets no runtimes', async () => {
  const { directory, hear } = openDirectory();
  await hear({ ...beacon, state: 'of a later version' });
  expect(directory.find(nodeId)).toBeDefined();
  expect(directory.placeable).toEqual([]);
});

test('beacons of a newer protocol are ignored, whatever they say, and each node is logged once', async () => {
  const { directory, hear, logged } = openDirectory();
  const { build } = beacon;
  const newer = { protocol: PROTOCOL + 1, nodeId, build, load: 'of a later version' };
  await hear(newer);
  await hear(newer);
  await hear({ ...beacon, protocol: PROTOCOL + 1 });
  expect(directory.find(nodeId)).toBeUndefined();
  expect(logged.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 40, nodeId, build, protocol: PROTOCOL + 1, ours: PROTOCOL }),
  ]);
  // Other nodes are heard as before.
  await hear(beacon);
  expect(directory.placeable).toHaveLength(1);
});
