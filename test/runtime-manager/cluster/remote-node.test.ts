import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import type { Asking, Bus } from '../../../src/runtime-manager/cluster/bus.ts';
import { LineClient } from '../../../src/runtime-manager/cluster/lines/line-client.ts';
import { LineServer } from '../../../src/runtime-manager/cluster/lines/line-server.ts';
import { preferLine } from '../../../src/runtime-manager/cluster/lines/prefer-line.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { NatsBus } from '../../../src/runtime-manager/cluster/nats-bus.ts';
import { NodeServer } from '../../../src/runtime-manager/cluster/node-server.ts';
import {
  RemoteNode,
  type DataPlane,
  type RemoteNodeOptions,
} from '../../../src/runtime-manager/cluster/remote-node.ts';
import type { Launch } from '../../../src/runtime-manager/runtime/launch.ts';
import {
  openFakeNodeUnderTest,
  type FakeNodeUnderTest,
} from '../../support/fake-node-under-test.ts';
import { HAS_NATS, openNatsServer } from '../../support/nats-server.ts';
import { nodeTest } from '../../support/node-test.ts';
import { orderOf, type NodeUnderTest } from '../../support/node-under-test.ts';
import { testRuntimeNode } from '../node/runtime-node.contract.ts';
import { settle } from './bus-support.ts';
import { openPlane } from './data-plane-support.ts';
import { openRemoteNode } from './open-remote-node.ts';

const log = pino({ level: 'silent' });

/** What lies between a node and the process that asks it, and how that process sees it. */
interface Between {
  bus: Bus;
  orders?: Asking;
  plane: DataPlane;
  build?: string;
}

const unusedPlane: DataPlane = {
  connect: () => Promise.reject(new Error('not asked')),
  answer: () => Promise.reject(new Error('not asked')),
};

/** A node as another process sees it. */
function remote(
  { own, store }: Pick<RemoteNodeOptions, 'store'> & Pick<FakeNodeUnderTest, 'own'>,
  { bus, orders = bus, plane, build = 'test' }: Between,
  id = own.id,
) {
  const gone = new AbortController().signal;
  return new RemoteNode({ id, bus, orders, store, build, placeMs: 60_000, gone, plane });
}

/** A node behind a server of NATS, a line, and the connections of the data plane. */
async function openFarNode(): Promise<NodeUnderTest> {
  await using stack = new AsyncDisposableStack();
  const subject = stack.use(await openFakeNodeUnderTest());
  const { own } = subject;
  const nats = stack.use(await openNatsServer());
  const [near, far] = [stack.use(await openBus(nats.url)), stack.use(await openBus(nats.url))];
  const { lines, client, target, close } = await openPlane(own);
  stack.defer(close);
  stack.use(new NodeServer({ bus: near, lines, node: own, build: 'test', log }));
  await settle(near);
  const orders = preferLine(new LineClient(await client.openLine(target)), far);
  const plane: DataPlane = {
    connect: (_, ticket, asked) => client.connect(target, ticket, asked),
    answer: (_, ticket, asked) => client.answer(target, ticket, asked),
  };
  const end = () => subject.node[Symbol.asyncDispose]();
  const owned = stack.move();
  return {
    ...subject,
    node: Object.assign(remote(subject, { bus: far, orders, plane }), {
      [Symbol.asyncDispose]: end,
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A connection to NATS, as each process has one. */
function openBus(server: string): Promise<NatsBus> {
  return NatsBus.open({
    servers: [server],
    name: 'a test',
    inbox: `_INBOX.${randomUUID()}`,
    nkeySeedFile: undefined,
    tls: undefined,
    log,
  });
}

const local = nodeTest(() => openRemoteNode());
const far = nodeTest(openFarNode);

describe('over a bus in memory', () => testRuntimeNode(local));
describe.skipIf(!HAS_NATS)('over NATS, a line and the data plane', () => testRuntimeNode(far));

async function openTenant() {
  const subject = await openRemoteNode();
  onTestFinished(() => subject[Symbol.asyncDispose]());
  const { id } = await insertOrganization(subject.database.db, 'an organization');
  return { ...subject, order: orderOf(id), organizationId: id };
}

test('a runtime whose answer does not reach the asker is ended', async () => {
  const { bus, node, order, store, organizationId } = await openTenant();
  const made = node.create(order, {});
  bus.isConnected = false;
  await expect(made).rejects.toMatchObject({ code: 'service.unavailable' });
  await expect
    .poll(() => store.find(organizationId, 'default', order.runtime.id))
    .toMatchObject({ state: 'failed', failure: { code: 'runtime.abandoned' } });
});

test('a node that nobody serves is out of reach at once, and one without a bus is not known', async () => {
  const { bus, node, order, open } = await openTenant();
  const absent = open(randomUUID());
  await expect(absent.create(order, {})).rejects.toMatchObject({ code: 'runtime.unreachable' });
  bus.isConnected = false;
  await expect(node.create(order, {})).rejects.toMatchObject({ code: 'service.unavailable' });
});

test('a record of the same build is read from the answer, a large one and one of another build from its row', async () => {
  await using subject = await openFakeNodeUnderTest();
  const { own, store, database } = subject;
  const { id: organizationId } = await insertOrganization(database.db, 'an organization');
  const bus = new LocalBus();
  using _server = new NodeServer({
    bus,
    lines: new LineServer(log),
    node: own,
    build: 'ours',
    log,
  });
  let reads = 0;
  const counted: RemoteNodeOptions['store'] = {
    find: (...asked) => {
      reads++;
      return store.find(...asked);
    },
  };
  const asker = (build: string) =>
    remote({ own, store: counted }, { bus, plane: unusedPlane, build });
  const made = async (build: string, launch: Launch = { mode: 'ephemeral' }) => {
    const order = orderOf(organizationId, { launch });
    const record = await asker(build).create(order, {});
    expect(record).toEqual(await store.find(organizationId, 'default', order.runtime.id));
    return reads;
  };
  expect(await made('ours')).toBe(0);
  expect(await made('of another version')).toBe(1);
  const large = Array.from({ length: 3000 }, () => randomUUID());
  expect(await made('ours', { mode: 'ephemeral', extensionIds: large })).toBe(2);
});
