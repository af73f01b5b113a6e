/** A process with some of the nodes: `node host.ts <first> <count> <slots>`, with the addresses in its environment. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { openDatabase } from '../../src/db/client.ts';
import { createNodeStore } from '../../src/db/queries/nodes.ts';
import { createProfileStore } from '../../src/db/queries/profile-versions.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { Sealing } from '../../src/db/sealing.ts';
import { sendBeacons } from '../../src/runtime-manager/cluster/beacons.ts';
import { DataPlaneListener } from '../../src/runtime-manager/cluster/data-plane/data-plane-listener.ts';
import { Membership } from '../../src/runtime-manager/cluster/membership.ts';
import { PROTOCOL } from '../../src/runtime-manager/cluster/messages.ts';
import { NatsBus } from '../../src/runtime-manager/cluster/nats-bus.ts';
import { LineServer } from '../../src/runtime-manager/cluster/lines/line-server.ts';
import { NodeServer } from '../../src/runtime-manager/cluster/node-server.ts';
import { QueuePuller } from '../../src/runtime-manager/cluster/queue-puller.ts';
import { createWakeUpRelay } from '../../src/runtime-manager/cluster/wake-up-relay.ts';
import { Tickets } from '../../src/runtime-manager/connections/tickets.ts';
import { WakeUps } from '../../src/runtime-manager/events/wake-ups.ts';
import { LocalNode } from '../../src/runtime-manager/node/local-node.ts';
import { PageObservers } from '../../src/runtime-manager/node/page-observers.ts';
import { addressesOf, nodeIdOf, SIM_KEY } from './addresses.ts';
import { SimMachine } from './sim-machine.ts';

const CONNECTIONS = 8;
const LAUNCHES = 1000;
/** Beacons of many nodes do not come at one moment. */
const SPREAD_MS = 250;

const [first = 0, count = 0, slots = 0] = process.argv.slice(2).map(Number);
const { databaseUrl, natsUrl } = addressesOf(process.env);
const log = pino({ level: 'error' });
const database = await openDatabase({ url: databaseUrl }, { connections: CONNECTIONS });
const secrets = await Sealing.open(database.db, SIM_KEY);
const store = createRuntimeStore(database, secrets, { maxRuntimesPerOrganization: 1_000_000 });
const nodeStore = createNodeStore(database);
const tickets = new Tickets(secrets.ticketKeys);
const profiles = {
  store: createProfileStore(database.db, secrets),
  record: () => Promise.reject(new Error('there are no profiles here')),
};

for (let nth = first; nth < first + count; nth++) await openNode(nodeIdOf(nth));
process.send?.('ready');
process.on('disconnect', () => process.exit(0));

async function openNode(id: string): Promise<void> {
  const name = `node ${id}`;
  const bus = await NatsBus.open({
    servers: [natsUrl],
    name,
    inbox: `_INBOX.${id}`,
    nkeySeedFile: undefined,
    tls: undefined,
    log,
  });
  const node = new LocalNode({
    machine: new SimMachine(id),
    store,
    companions: [],
    admission: { maxRuntimes: slots, maxLaunches: LAUNCHES, maxQueue: 0, queueTimeoutMs: 1000 },
    metrics: { time: (_, work) => work(), failed: () => undefined },
    extensions: { resolve: async () => [] },
    profiles,
    openCommandMs: 300_000,
    observers: new PageObservers(),
    wakeUps: new WakeUps(createWakeUpRelay(bus)),
    log,
  });
  const lines = new LineServer(log);
  const listener = await DataPlaneListener.open({
    node,
    tickets,
    keys: secrets.nodeKeys,
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    serveLine: (line) => lines.take(line),
    log,
  });
  const address = `127.0.0.1:${listener.port}`;
  const about = { id, role: 'node', address, build: 'sim', protocol: PROTOCOL } as const;
  const member = await Membership.join({ node: about, store: nodeStore, log });
  // It lives as long as the process does.
  void new NodeServer({ bus, lines, node, build: 'bench', log });
  await sleep(Math.random() * SPREAD_MS);
  const puller = new QueuePuller({ bus, node, store, log });
  sendBeacons(bus, () => {
    const { epoch } = member;
    if (epoch === undefined) return undefined;
    const { launching, oldestWaitMs, memory, launches, ...load } = node.capacity;
    return {
      protocol: PROTOCOL,
      nodeId: id,
      epoch,
      state: 'up',
      address,
      build: 'sim',
      ...load,
      isCrowded: puller.isCrowded,
      machine: { launching, oldestWaitMs, memory, launches },
      languages: node.languages.list,
      hasWebDriver: true,
      takesLines: true,
    };
  });
}
