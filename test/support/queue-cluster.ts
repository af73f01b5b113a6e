import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, inject, onTestFinished } from 'vitest';
import type { Database } from '../../src/db/client.ts';
import { createNodeStore } from '../../src/db/queries/nodes.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { readLanguages } from '../../src/runtime-manager/browser/locales.ts';
import { sendBeacons } from '../../src/runtime-manager/cluster/beacons.ts';
import { ClusterNodes } from '../../src/runtime-manager/cluster/cluster-nodes.ts';
import { Directory } from '../../src/runtime-manager/cluster/directory.ts';
import { LocalBus } from '../../src/runtime-manager/cluster/local-bus.ts';
import { PROTOCOL } from '../../src/runtime-manager/cluster/messages.ts';
import { LineServer } from '../../src/runtime-manager/cluster/lines/line-server.ts';
import { NodeServer } from '../../src/runtime-manager/cluster/node-server.ts';
import { QueuePuller } from '../../src/runtime-manager/cluster/queue-puller.ts';
import { createWakeUpRelay } from '../../src/runtime-manager/cluster/wake-up-relay.ts';
import { Tickets } from '../../src/runtime-manager/connections/tickets.ts';
import { WakeUps } from '../../src/runtime-manager/events/wake-ups.ts';
import { RuntimeManager, type RequestScope } from '../../src/runtime-manager/manager.ts';
import { systemActor, type Runtime } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase, openTestSecrets } from './database.ts';
import { eventually } from './eventually.ts';
import { FakeNode } from './fake-node.ts';

const log = pino({ level: 'silent' });
const LIMITS = { idleTimeoutSeconds: 600, maxDurationSeconds: 3600 };
const MINUTE_MS = 60_000;

export interface QueueClusterOptions {
  nodes?: number;
  slots?: number;
  apis?: number;
  maxQueue?: number;
  queueTimeoutMs?: number;
}

/** A create that may not be answered yet. */
export interface Asked {
  id: string;
  answered: Promise<Runtime>;
}

export type QueueCluster = Awaited<ReturnType<typeof openQueueCluster>>;

/** Nodes without browsers, and API processes, of one organization: all in this process, on one bus. */
export async function openQueueCluster(options: QueueClusterOptions = {}) {
  const { nodes: nodeCount = 2, slots = 1, apis: apiCount = 2 } = options;
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  const database = stack.use(await openTestDatabase());
  const { id: organizationId } = await insertOrganization(database.db, 'an organization');
  const store = createRuntimeStore(database, await openTestSecrets(database), {
    maxRuntimesPerOrganization: 1000,
  });
  const bus = new LocalBus();
  const news: unknown[] = [];
  stack.use(bus.subscribe('bctrl.v1.queue.waiting', (message) => news.push(message)));
  const languages = await readLanguages(inject('chromiumPath'));
  const parts = { bus, store, database };
  const nodes = Array.from({ length: nodeCount }, () =>
    openNode({ ...parts, slots, languages }, stack),
  );
  const apis = Array.from({ length: apiCount }, () =>
    openApi({ ...parts, ...options, organizationId }, stack),
  );
  await eventually(() => {
    for (const { directory } of apis) expect(directory.placeable).toHaveLength(nodeCount);
  });
  const [api] = apis;
  if (!api) throw new Error('there is no API');
  const find = (id: string) => store.find(organizationId, 'default', id);
  const states = async (asked: readonly { id: string }[]) =>
    Promise.all(asked.map(async ({ id }) => (await find(id))?.state));
  /** Resolves once they wait in the database. */
  const waiting = async (asked: readonly { id: string }[]) =>
    eventually(async () => {
      const records = await Promise.all(asked.map(({ id }) => find(id)));
      for (const record of records) expect(record?.queuedAt).toBeDefined();
    });
  /** As many as there is room for; they run. */
  const fill = () =>
    Promise.all(Array.from({ length: nodeCount * slots }, () => api.create().answered));
  return { ...parts, organizationId, nodes, apis, api, news, find, states, waiting, fill };
}

function openNode(
  parts: Pick<FakeNodeParts, 'store' | 'languages' | 'slots'> & { bus: LocalBus },
  stack: AsyncDisposableStack,
) {
  const { bus, store } = parts;
  const nodeId = randomUUID();
  const wakeUps = stack.use(new WakeUps(createWakeUpRelay(bus)));
  const node = stack.use(new FakeNode({ ...parts, nodeId, wakeUps, log }));
  const server = stack.use(
    new NodeServer({ bus, lines: new LineServer(log), node, build: 'test', log }),
  );
  const puller = stack.use(new QueuePuller({ bus, node, store, log }));
  const about = { protocol: PROTOCOL, nodeId, epoch: 1, address: 'a:1', build: 'b' };
  stack.use(
    sendBeacons(bus, () => {
      const { launching, oldestWaitMs, memory, launches, ...load } = node.capacity;
      return {
        ...about,
        ...load,
        machine: { launching, oldestWaitMs, memory, launches },
        state: 'up',
        hasWebDriver: true,
        languages: node.languages.list,
        isCrowded: puller.isCrowded,
      };
    }),
  );
  return { node, server, puller };
}

type FakeNodeParts = ConstructorParameters<typeof FakeNode>[0];

function openApi(
  parts: QueueClusterOptions &
    Pick<FakeNodeParts, 'store'> & { bus: LocalBus; database: Database; organizationId: string },
  stack: AsyncDisposableStack,
) {
  const { bus, store, database, organizationId, maxQueue = 100, queueTimeoutMs } = parts;
  const nodeId = randomUUID();
  const actor = systemActor(organizationId);
  const wakeUps = stack.use(new WakeUps(createWakeUpRelay(bus)));
  const directory = stack.use(new Directory(bus, log));
  const plane = { connect: unused, answer: unused };
  const queue = { nodeId, store, wakeUps, maxQueue, queueTimeoutMs, log };
  const lines = { to: () => bus };
  const placing = {
    bus,
    lines,
    directory,
    plane,
    own: undefined,
    build: 'test',
    placeMs: MINUTE_MS,
  };
  const nodes = stack.use(new ClusterNodes({ ...placing, ...queue, noted: ignore }));
  const manager = stack.use(
    new RuntimeManager({
      nodes,
      store,
      wakeUps,
      tickets: new Tickets([randomBytes(32)]),
      ticketTtlMs: MINUTE_MS,
      usual: { timeLimits: LIMITS },
      extensions: { resolve: async () => [] },
    }),
  );
  const create = ({ id = randomUUID(), ...scope }: RequestScope & { id?: string } = {}): Asked => {
    const request = { alias: id, kind: 'browser', driver: 'puppeteer' } as const;
    const launch = { mode: 'ephemeral' } as const;
    const answered = manager.create(
      actor,
      'default',
      { ...request, launch },
      { ...scope, runtimeId: id },
    );
    answered.catch(() => undefined);
    return { id, answered };
  };
  return {
    nodeId,
    nodes,
    directory,
    manager,
    create,
    start: (id: string, scope?: RequestScope) => manager.start(actor, 'default', id, scope),
    stop: ({ id }: { id: string }) => manager.stop(actor, 'default', id),
    members: createNodeStore(database),
    actor,
  };
}

async function unused(): Promise<never> {
  throw new Error('nobody connects');
}

function ignore(): void {
  // Nobody counts.
}
