/** A process that places runtimes when the driver tells it to. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { openDatabase } from '../../src/db/client.ts';
import { createNodeStore } from '../../src/db/queries/nodes.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { Sealing } from '../../src/db/sealing.ts';
import { ClusterNodes } from '../../src/runtime-manager/cluster/cluster-nodes.ts';
import { DataPlaneClient } from '../../src/runtime-manager/cluster/data-plane/data-plane-client.ts';
import { Detector } from '../../src/runtime-manager/cluster/detector.ts';
import { Directory } from '../../src/runtime-manager/cluster/directory.ts';
import { OrderLines } from '../../src/runtime-manager/cluster/lines/order-lines.ts';
import { NatsBus } from '../../src/runtime-manager/cluster/nats-bus.ts';
import { createWakeUpRelay } from '../../src/runtime-manager/cluster/wake-up-relay.ts';
import { Tickets } from '../../src/runtime-manager/connections/tickets.ts';
import { WakeUps } from '../../src/runtime-manager/events/wake-ups.ts';
import { RuntimeManager } from '../../src/runtime-manager/manager.ts';
import { unreachable } from '../../src/runtime-manager/node/nodes.ts';
import { RuntimeError, systemActor } from '../../src/runtime-manager/runtime/index.ts';
import { addressesOf, SIM_KEY } from './addresses.ts';

/** So many creates, so many a second (0: all at once), of these organizations in turn. */
export interface Load {
  tag: string;
  total: number;
  rate: number;
  organizationIds: string[];
}

export interface LoadResult {
  tag: string;
  /** Of each create that succeeded. */
  ms: number[];
  /** How often each refusal came, by its code. */
  refusals: Record<string, number>;
}

const CONNECTIONS = 10;
const TICK_MS = 4;

const { databaseUrl, natsUrl } = addressesOf(process.env);
const log = pino({ level: 'error' });
const id = randomUUID();
const bus = await NatsBus.open({
  servers: [natsUrl],
  name: `api ${id}`,
  inbox: `_INBOX.${id}`,
  nkeySeedFile: undefined,
  tls: undefined,
  log,
});
const database = await openDatabase({ url: databaseUrl }, { connections: CONNECTIONS });
const secrets = await Sealing.open(database.db, SIM_KEY);
const store = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: 1_000_000 });
const directory = new Directory(bus, log);
const nobody = async () => {
  throw unreachable();
};
const wakeUps = new WakeUps(createWakeUpRelay(bus));
const tickets = new Tickets(secrets.ticketKeys);
const plane = new DataPlaneClient({ tickets, keys: secrets.nodeKeys, tls: undefined });
const nodes = new ClusterNodes({
  bus,
  lines: new OrderLines({ ownId: id, bus, directory, client: plane, log }),
  directory,
  store,
  own: undefined,
  placeMs: 60_000,
  build: 'bench',
  noted: () => undefined,
  nodeId: id,
  wakeUps,
  maxQueue: 1000,
  queueTimeoutMs: undefined,
  log,
  plane: { connect: nobody, answer: nobody },
});
const nodeStore = createNodeStore(database);
// It lives as long as the process does.
void new Detector({ ownId: id, bus, directory, plane, store: nodeStore, wakeUps, log });
const manager = new RuntimeManager({
  store,
  nodes,
  tickets,
  ticketTtlMs: 60_000,
  usual: { timeLimits: { idleTimeoutSeconds: 3600, maxDurationSeconds: 7200 } },
  extensions: { resolve: async () => [] },
  wakeUps,
});

process.on('disconnect', () => process.exit(0));
process.on('message', (load: Load) => {
  void carryOut(load).then((result) => process.send?.(result));
});
await directory.heard();
process.send?.('ready');

async function carryOut({ tag, total, rate, organizationIds }: Load): Promise<LoadResult> {
  const result: LoadResult = { tag, ms: [], refusals: {} };
  const began = performance.now();
  const creates: Promise<void>[] = [];
  while (creates.length < total) {
    const due = rate === 0 ? total : Math.floor(((performance.now() - began) / 1000) * rate);
    while (creates.length < Math.min(total, due)) {
      const organizationId = organizationIds[creates.length % organizationIds.length] ?? '';
      creates.push(create(organizationId, result));
    }
    await sleep(TICK_MS);
  }
  await Promise.all(creates);
  return result;
}

async function create(organizationId: string, { ms, refusals }: LoadResult): Promise<void> {
  const began = performance.now();
  const request = {
    alias: randomUUID(),
    kind: 'browser',
    driver: 'puppeteer',
    launch: { mode: 'ephemeral' },
  } as const;
  try {
    await manager.create(systemActor(organizationId), 'default', request);
    ms.push(performance.now() - began);
  } catch (error) {
    const code = error instanceof RuntimeError ? error.code : String(error);
    refusals[code] = (refusals[code] ?? 0) + 1;
  }
}
