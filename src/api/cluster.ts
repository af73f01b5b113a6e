import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Database } from '../db/client.ts';
import { createNodeStore } from '../db/queries/nodes.ts';
import type { Sealing } from '../db/sealing.ts';
import {
  addressTowards,
  ClusterNodes,
  createWakeUpRelay,
  DataPlaneClient,
  DataPlaneListener,
  Directory,
  JobClient,
  Membership,
  NatsBus,
  NodeServer,
  PROTOCOL,
  RemoteStorageStates,
  RemoteTrials,
  reservePeers,
  sendBeacons,
  serveJobs,
  type Beacon,
  type Bus,
  type DataPlane,
} from '../runtime-manager/cluster/index.ts';
import {
  StateConverter,
  unreachable,
  type Nodes,
  type ObjectStorage,
  type OwnNode,
  type ReservedPorts,
  type Tickets,
  type WakeUpRelay,
} from '../runtime-manager/index.ts';
import type { RuntimeStore } from '../runtime-manager/runtime/index.ts';
import type { Config } from './config/config.ts';
import type { ClusterConfig } from './config/settings/cluster.ts';
import { CONNECT_PATH } from './http/connection-urls.ts';
import type { OpenedNode } from './local-node.ts';

/** Several launches of a slow machine, and the wait for room before. */
const LAUNCHES = 5;
const QUEUE_MS = 60_000;

export interface ClusterParts extends Config {
  nodeId: string;
  log: Logger;
  database: Database;
  secrets: Sealing;
  tickets: Tickets;
}

/** The node of this process, and what it does beside. */
interface ServedNode extends Pick<OpenedNode, 'node' | 'states' | 'tryOut'> {
  storage: ObjectStorage;
  reservedPorts: ReservedPorts;
}

/** How this process meets the others. */
export class Cluster {
  readonly relay: WakeUpRelay;
  readonly #parts: ClusterParts;
  readonly #options: ClusterConfig;
  readonly #bus: Bus;
  readonly #directory: Directory;
  readonly #plane: DataPlane;

  private constructor(parts: ClusterParts, options: ClusterConfig, opened: Opened) {
    this.#parts = parts;
    this.#options = options;
    this.#bus = opened.bus;
    this.#directory = opened.directory;
    this.#plane = planeOf(opened.client, opened.directory);
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
    const directory = stack.use(new Directory(bus, log));
    const client = stack.use(
      new DataPlaneClient({ tickets, keys: secrets.nodeKeys, tls: options.nodeTls }),
    );
    return new Cluster(parts, options, { bus, directory, client });
  }

  get isConnected(): boolean {
    return this.#bus.isConnected;
  }

  /** What a process does without browsers of its own. */
  withoutNode(storage: ObjectStorage): Omit<OpenedNode, 'node' | 'jail'> {
    const { log, dataDir } = this.#parts;
    const jobs = new JobClient({ bus: this.#bus, storage, log });
    const trials = new RemoteTrials(jobs);
    const storageStates = new RemoteStorageStates(jobs);
    return {
      states: new StateConverter({ storage, root: join(dataDir, 'checkouts'), storageStates }),
      tryOut: (directory) => trials.tryOut(directory),
    };
  }

  nodes(own: OwnNode | undefined, store: RuntimeStore): Nodes {
    const placeMs = QUEUE_MS + LAUNCHES * this.#parts.launchTimeoutMs;
    const [bus, directory, plane] = [this.#bus, this.#directory, this.#plane];
    return new ClusterNodes({ bus, directory, plane, store, own, placeMs });
  }

  /** Joins as a process that answers requests at `url`. The process leaves with `stack`. */
  async joinAsApi(url: string, stack: AsyncDisposableStack): Promise<void> {
    const host = await this.#host();
    await this.#join(`${bracketed(host)}:${new URL(url).port}`, stack);
    await this.#directory.heard();
  }

  /**
   * Joins as a process that owns runtimes. It leaves with `stack`; disposed, the result takes no more
   * orders.
   */
  async joinAsNode(served: ServedNode, stack: AsyncDisposableStack): Promise<AsyncDisposable> {
    const { dataDir, log, database } = this.#parts;
    const [bus, { node, states, tryOut, storage, reservedPorts }] = [this.#bus, served];
    const address = await this.#listen(node, reservedPorts, stack);
    const store = createNodeStore(database);
    stack.use(await reservePeers({ store, reservedPorts, entrance: CONNECT_PATH, log }));
    const member = await this.#join(address, stack);
    await using serving = new AsyncDisposableStack();
    const workDir = join(dataDir, 'jobs');
    serving.use(serveJobs(bus, { states, tryOut, storage, workDir, log }));
    serving.use(new NodeServer({ bus, node, log }));
    serving.use(sendBeacons(bus, () => this.#beaconOf(node, address, member)));
    return serving.move();
  }

  /** Opens the data plane, at an address that others can dial. */
  async #listen(
    node: OwnNode,
    reservedPorts: ReservedPorts,
    stack: AsyncDisposableStack,
  ): Promise<string> {
    const { tickets, secrets, log } = this.#parts;
    const { nodeTls: tls, nodePort } = this.#options;
    const host = await this.#host();
    this.#assertMayBePlain(host);
    const listener = stack.use(
      await DataPlaneListener.open({
        node,
        tickets,
        keys: secrets.nodeKeys,
        host: isLoopback(host) ? host : '::',
        port: nodePort,
        tls,
        log,
      }),
    );
    stack.use(reservedPorts.hold(listener.port));
    const { port } = new URL(`tcp://${this.#options.nodeAddress ?? 'x'}`);
    return `${bracketed(host)}:${port || listener.port}`;
  }

  /** The host by which others reach this one. */
  async #host(): Promise<string> {
    const { nodeAddress, nats } = this.#options;
    if (nodeAddress !== undefined) return hostOf(`tcp://${nodeAddress}`);
    const [server = ''] = nats.servers;
    return addressTowards(hostOf(server));
  }

  #assertMayBePlain(host: string): void {
    const { nodeTls, allowsPlainNodes } = this.#options;
    if (nodeTls || isLoopback(host)) return;
    if (!allowsPlainNodes) {
      throw new Error(
        `Processes of other machines reach this one at ${host}: set BCTRL_NODE_TLS_CA_FILE, BCTRL_NODE_TLS_CERT_FILE and BCTRL_NODE_TLS_KEY_FILE, or BCTRL_NODE_TLS=off where nobody else listens to the network.`,
      );
    }
    this.#parts.log.warn(
      { host },
      'what clients and browsers say passes between machines without TLS',
    );
  }

  async #join(address: string, stack: AsyncDisposableStack): Promise<Membership> {
    const { nodeId: id, role, version: build, database, log } = this.#parts;
    const node = { id, role, address, build, protocol: PROTOCOL };
    const store = createNodeStore(database);
    return stack.use(await Membership.join({ node, store, log }));
  }

  #beaconOf(node: OwnNode, address: string, { epoch }: Membership): Beacon {
    const { id: nodeId, languages, hasWebDriver } = node;
    const { version: build } = this.#parts;
    const about = { protocol: PROTOCOL, nodeId, epoch, address, build, hasWebDriver };
    return { ...about, ...node.load, state: 'up', languages: languages.list };
  }
}

interface Opened {
  bus: Bus;
  directory: Directory;
  client: DataPlaneClient;
}

/** Dials nodes where their beacons say. */
function planeOf(client: DataPlaneClient, directory: Directory): DataPlane {
  const targetOf = (nodeId: string) => {
    const address = directory.find(nodeId)?.beacon.address;
    if (address === undefined) throw unreachable();
    return { nodeId, address };
  };
  return {
    connect: async (nodeId, ticket, asked) => client.connect(targetOf(nodeId), ticket, asked),
    answer: async (nodeId, ticket, asked) => client.answer(targetOf(nodeId), ticket, asked),
  };
}

function hostOf(url: string): string {
  return new URL(url).hostname.replaceAll(/^\[|\]$/g, '');
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}
