import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Database } from '../db/client.ts';
import { createNodeStore } from '../db/queries/nodes.ts';
import type { Sealing } from '../db/sealing.ts';
import {
  ClusterNodeControl,
  ClusterNodes,
  createWakeUpRelay,
  DataPlaneClient,
  DataPlaneListener,
  Detector,
  Directory,
  Isolation,
  JobClient,
  LineServer,
  Membership,
  NatsBus,
  NodeServer,
  OrderLines,
  planeOf,
  PROTOCOL,
  QueuePuller,
  RemoteStorageStates,
  RemoteTrials,
  reservePeers,
  sendBeacons,
  serveJobs,
  SharedDrain,
  SUBJECTS,
  type Beacon,
  type Bus,
  type DataPlane,
  type Held,
} from '../runtime-manager/cluster/index.ts';
import {
  reconcile,
  StateConverter,
  type CapacityHistory,
  type CapacitySource,
  type Drain,
  type NodeControl,
  type ObjectStorage,
  type OwnNode,
  type Profiles,
  type ReservedPorts,
  type Tickets,
  type WakeUpRelay,
  type WakeUps,
} from '../runtime-manager/index.ts';
import type {
  ClusterFigures,
  FileStore,
  OperationStore,
  NodeStore,
  RuntimeStore,
} from '../runtime-manager/runtime/index.ts';
import { cachedFigures, type Figures } from './cached-figures.ts';
import type { Config } from './config/config.ts';
import { addressOf, assertMayBePlain, findOwnHost } from './cluster-address.ts';
import { isLoopback } from './config/settings/setting.ts';
import type { ClusterConfig } from './config/settings/cluster.ts';
import { CONNECT_PATH } from './http/connection-urls.ts';
import type { ClusterMetrics } from './http/cluster-metrics.ts';
import type { Metrics } from './http/metrics.ts';
import type { OpenedNode } from './local-node.ts';

/** Several launches of a slow machine, and the wait for its turn before. */
const LAUNCHES = 5;
const QUEUE_MS = 60_000;

export interface ClusterParts extends Config {
  nodeId: string;
  log: Logger;
  database: Database;
  secrets: Sealing;
  tickets: Tickets;
  metrics: Metrics;
}

/** The node of this process, and what it does beside. */
interface ServedNode extends Pick<OpenedNode, 'node' | 'states' | 'tryOut'> {
  drain: Drain;
  store: RuntimeStore;
  fileStore: FileStore;
  operationStore: OperationStore;
  profiles: Profiles;
  storage: ObjectStorage;
  reservedPorts: ReservedPorts;
}

/** A node that others can use, until it is disposed. */
export type JoinedNode = AsyncDisposable & Pick<Drain, 'finish'>;

/** How this process meets the others. */
export class Cluster {
  readonly relay: WakeUpRelay;
  readonly #parts: ClusterParts;
  readonly #options: ClusterConfig;
  readonly #bus: Bus;
  readonly #directory: Directory;
  readonly #client: DataPlaneClient;
  readonly #plane: DataPlane;
  readonly #lines: OrderLines;
  readonly #store: NodeStore;
  readonly #metrics: ClusterMetrics;
  readonly #figures: Figures<ClusterFigures>;
  #detector: Detector | undefined;

  private constructor(parts: ClusterParts, options: ClusterConfig, opened: Opened) {
    this.#parts = parts;
    this.#options = options;
    this.#bus = opened.bus;
    this.#directory = opened.directory;
    this.#client = opened.client;
    this.#plane = planeOf({ ...opened, doubt: (nodeId) => this.#detector?.doubt(nodeId) });
    this.#lines = opened.lines;
    this.#store = createNodeStore(parts.database);
    this.#metrics = parts.metrics.openCluster();
    this.#figures = cachedFigures(this.#store);
    this.relay = createWakeUpRelay(opened.bus);
  }

  /** Everything that it opens is closed with `stack`. Throws one sentence. */
  static async open(
    parts: ClusterParts,
    options: ClusterConfig,
    stack: AsyncDisposableStack,
  ): Promise<Cluster> {
    const { nodeId, role, log, tickets, secrets } = parts;
    const name = `bctrl ${role} ${nodeId}`;
    const bus = stack.use(
      await NatsBus.open({ ...options.nats, name, inbox: `_INBOX.${nodeId}`, log }),
    );
    // Beacons of all nodes at each would be as many as their square.
    const directory = stack.use(new Directory(role === 'node' ? undefined : bus, log));
    const client = stack.use(
      new DataPlaneClient({ tickets, keys: secrets.nodeKeys, tls: options.nodeTls }),
    );
    const lines = stack.use(new OrderLines({ ownId: nodeId, bus, directory, client, log }));
    return new Cluster(parts, options, { bus, directory, client, lines });
  }

  get isConnected(): boolean {
    return this.#bus.isConnected;
  }

  /** What a process does without browsers of its own. */
  withoutNode(storage: ObjectStorage): Pick<OpenedNode, 'states' | 'tryOut'> {
    const { log, dataDir } = this.#parts;
    const jobs = new JobClient({ bus: this.#bus, storage, log });
    const trials = new RemoteTrials(jobs);
    const storageStates = new RemoteStorageStates(jobs);
    return {
      states: new StateConverter({ storage, root: join(dataDir, 'checkouts'), storageStates }),
      tryOut: (directory) => trials.tryOut(directory),
    };
  }

  /** The caller's to end. */
  nodes(
    own: OwnNode | undefined,
    { store, wakeUps }: { store: RuntimeStore; wakeUps: WakeUps },
  ): ClusterNodes {
    const { nodeId, version: build, log } = this.#parts;
    const { maxQueue, queueTimeoutMs } = this.#parts.admission;
    const placeMs = QUEUE_MS + LAUNCHES * this.#parts.launchTimeoutMs;
    const [bus, directory, plane] = [this.#bus, this.#directory, this.#plane];
    const [lines, noted] = [this.#lines, this.#metrics.placed];
    const queue = { nodeId, store, wakeUps, maxQueue, queueTimeoutMs, log };
    return new ClusterNodes({ bus, directory, plane, lines, own, build, placeMs, noted, ...queue });
  }

  /** What an operator sees and does of nodes. */
  get control(): NodeControl {
    return new ClusterNodeControl({ store: this.#store, directory: this.#directory });
  }

  /** What the nodes told last, and the database of what waits for them. */
  get capacity(): CapacitySource {
    return {
      nodes: () =>
        this.#directory.known.map(({ beacon: { machine, ...load } }) => ({ ...load, ...machine })),
      waiting: this.#figures,
    };
  }

  /** Has metrics tell of the whole cluster. */
  show(capacity: CapacityHistory): void {
    this.#metrics.showCluster({ capacity, figures: this.#figures });
  }

  /** Joins as a process that answers requests at `url`. The process leaves with `stack`. */
  async joinAsApi(url: string, stack: AsyncDisposableStack): Promise<void> {
    const ping = SUBJECTS.ping(this.#parts.nodeId);
    stack.use(this.#bus.serve(ping, async () => undefined));
    await this.#join({ address: undefined, url }, stack);
    await this.#directory.heard();
  }

  /** Finds out from now on which processes are gone, as whoever has clients must. */
  watch(wakeUps: WakeUps, stack: AsyncDisposableStack): void {
    const { nodeId: ownId, log } = this.#parts;
    const [bus, directory, plane] = [this.#bus, this.#directory, this.#client];
    const store = this.#store;
    this.#detector = stack.use(new Detector({ ownId, bus, directory, plane, store, wakeUps, log }));
  }

  /**
   * Joins as a process that owns runtimes, and drains as its row says. It leaves with `stack`;
   * disposed, the result takes no more orders.
   */
  async joinAsNode(
    { url, ...served }: ServedNode & { url: string },
    stack: AsyncDisposableStack,
  ): Promise<JoinedNode> {
    const { nodeId, dataDir, version: build, log } = this.#parts;
    const [bus, { node, store, states, tryOut, storage, reservedPorts }] = [this.#bus, served];
    const isolation = new Isolation();
    this.#metrics.showNode(node);
    const lines = new LineServer(log);
    const address = await this.#listen(served, { isolation, lines }, stack);
    // The data plane would wait for them.
    stack.use(lines);
    stack.use(
      await reservePeers({ store: this.#store, reservedPorts, entrance: CONNECT_PATH, log }),
    );
    stack.use(bus.subscribe(SUBJECTS.beacon(nodeId), () => isolation.hear('bus')));
    const member = await this.#join({ address, url, isolation, held: this.#heldBy(served) }, stack);
    await using serving = new AsyncDisposableStack();
    const workDir = join(dataDir, 'jobs');
    serving.use(serveJobs(bus, { states, tryOut, storage, workDir, log }));
    serving.use(new NodeServer({ bus, lines, node, build, log }));
    const puller = serving.use(new QueuePuller({ bus, node, store, log }));
    const beacon = () => {
      const told = this.#beaconOf(node, address, member);
      return told && { ...told, isCrowded: puller.isCrowded };
    };
    const beacons = serving.use(sendBeacons(bus, beacon));
    const drain = new SharedDrain({ drain: served.drain, member, tell: beacons.now, log });
    const owned = serving.move();
    return {
      finish: () => drain.finish(),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  }

  /** Opens the data plane, at an address that others can dial. */
  async #listen(
    { node, reservedPorts }: ServedNode,
    { isolation, lines }: { isolation: Isolation; lines: LineServer },
    stack: AsyncDisposableStack,
  ): Promise<string> {
    const { tickets, secrets, log } = this.#parts;
    const { nodeTls: tls, nodePort: port, nodeAddress } = this.#options;
    const host = await findOwnHost(this.#options);
    assertMayBePlain(host, this.#options, log);
    const listener = stack.use(
      await DataPlaneListener.open({
        node,
        tickets,
        keys: secrets.nodeKeys,
        host: isLoopback(host) ? host : undefined,
        port,
        tls,
        serveLine: (line) => lines.take(line),
        onPing: () => isolation.hear('probe'),
        log,
      }),
    );
    stack.use(reservedPorts.hold(listener.port));
    const told = nodeAddress === undefined ? '' : new URL(`tcp://${nodeAddress}`).port;
    return addressOf(host, told || listener.port);
  }

  /** What ends when this process is taken for lost, and how it is put in order afterwards. */
  #heldBy({ node, store, fileStore, operationStore, profiles }: ServedNode): Held {
    const { dataDir, log } = this.#parts;
    return {
      fence: () => node.fence(),
      recover: async () => {
        await reconcile(store, node.id, log, 'runtime.node_lost');
        await fileStore.failArriving(node.id);
        await operationStore.interrupt(node.id);
        await profiles.recoverClaimed(join(dataDir, 'checkouts'));
      },
      resume: () => node.resume(),
    };
  }

  async #join(
    { address, url, ...fencing }: Joining,
    stack: AsyncDisposableStack,
  ): Promise<Membership> {
    const { nodeId: id, role, version: build, log } = this.#parts;
    const httpAddress = addressOf(await findOwnHost(this.#options), new URL(url).port);
    const node = { id, role, address, httpAddress, build, protocol: PROTOCOL };
    const store: NodeStore = {
      ...this.#store,
      renew: (life, leaseMs) => this.#metrics.renewal(() => this.#store.renew(life, leaseMs)),
    };
    return stack.use(await Membership.join({ node, store, ...fencing, log }));
  }

  #beaconOf(node: OwnNode, address: string, { epoch }: Membership): Beacon | undefined {
    if (epoch === undefined) return undefined;
    const { id: nodeId, languages, hasWebDriver } = node;
    const { version: build } = this.#parts;
    const speaks = { protocol: PROTOCOL, build, takesLines: true };
    const about = { ...speaks, nodeId, epoch, address, hasWebDriver };
    const { launching, oldestWaitMs, memory, launches, ...load } = node.capacity;
    const machine = { launching, oldestWaitMs, memory, launches };
    const state = node.isDraining ? 'draining' : 'up';
    return { ...about, ...load, state, machine, languages: languages.list };
  }
}

/** How a process joins: the address of its data plane if it has one, and that of its HTTP server. */
interface Joining {
  address: string | undefined;
  url: string;
  isolation?: Isolation;
  held?: Held;
}

interface Opened {
  bus: Bus;
  directory: Directory;
  client: DataPlaneClient;
  lines: OrderLines;
}
