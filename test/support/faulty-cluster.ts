import { setTimeout as delay } from 'node:timers/promises';
import { TestCluster, type ClusterProcess } from './cluster.ts';
import { Forwarder } from './forwarder.ts';
import { HAS_NETWORKS, openNetwork, type TestNetwork } from './network.ts';
import { sendSignal } from './processes.ts';

const PAUSE_MS = 3000;

/** An integer from 0, below a limit. */
export type Random = (below: number) => number;

type Start = (env?: Record<string, string>) => Promise<ClusterProcess>;

/** A process that is started again when a fault ended it. */
class Member {
  readonly #start: Start;
  #process: ClusterProcess;

  private constructor(process: ClusterProcess, start: Start) {
    this.#process = process;
    this.#start = start;
  }

  static async open(start: Start): Promise<Member> {
    return new Member(await start(), start);
  }

  get process(): ClusterProcess {
    return this.#process;
  }

  /** Kills it, and starts it a while later on what it left. */
  async restart(pauseMs: number): Promise<void> {
    const killed = this.#process;
    await killed.stop('SIGKILL');
    await delay(pauseMs);
    this.#process = await this.#start({ BCTRL_DATA_DIR: killed.dataDir });
  }

  async hang(): Promise<void> {
    const { pid } = this.#process;
    sendSignal(pid, 'SIGSTOP');
    await delay(PAUSE_MS);
    sendSignal(pid, 'SIGCONT');
  }
}

/** A cluster in which anything may break: two APIs, and two nodes, one of them at the end of a cable. */
export class FaultyCluster implements AsyncDisposable {
  readonly cluster: TestCluster;
  readonly #random: Random;
  readonly #ground: Ground;
  readonly #nodes: Member[];
  readonly #apis: Member[];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    ground: Ground,
    { nodes, apis }: { nodes: Member[]; apis: Member[] },
    { random, stack }: { random: Random; stack: AsyncDisposableStack },
  ) {
    this.cluster = ground.cluster;
    this.#ground = ground;
    this.#nodes = nodes;
    this.#apis = apis;
    this.#random = random;
    this.#stack = stack;
  }

  static async open(random: Random): Promise<FaultyCluster> {
    await using stack = new AsyncDisposableStack();
    const ground = await openGround(stack);
    const { cluster, network } = ground;
    const env = { DATABASE_URL: cluster.databaseAt(ground.postgres) };
    const near = (role: 'node' | 'api') =>
      Member.open((differs) => cluster.start(role, { ...env, ...differs }));
    const far = network ? () => openFar(ground, network, stack) : () => near('node');
    const nodes = await Promise.all([near('node'), far()]);
    const apis = await Promise.all([near('api'), near('api')]);
    return new FaultyCluster(ground, { nodes, apis }, { random, stack: stack.move() });
  }

  get nodes(): ClusterProcess[] {
    return this.#nodes.map(({ process }) => process);
  }

  get apis(): ClusterProcess[] {
    return this.#apis.map(({ process }) => process);
  }

  /** What may go wrong; each is over, and what it ended is there again, when its promise resolves. */
  get faults(): Record<string, () => Promise<void>> {
    const { cluster, network, ways } = this.#ground;
    const { nats } = cluster;
    const away = () => delay(this.#random(2 * PAUSE_MS));
    return {
      'a node is killed': () => this.#any(this.#nodes).restart(this.#random(PAUSE_MS)),
      'an API is killed': () => this.#any(this.#apis).restart(this.#random(PAUSE_MS)),
      'a node hangs for a while': () => this.#any(this.#nodes).hang(),
      'an API hangs for a while': () => this.#any(this.#apis).hang(),
      'NATS is away for a while': async () => {
        await nats.kill();
        await away();
        await nats.restart();
      },
      'NATS hangs for a while': async () => {
        await nats.pause();
        await away();
        nats.resume();
      },
      'Postgres is away for a while': async () => {
        await Promise.all(ways.map((way) => way.cut()));
        await away();
        await Promise.all(ways.map((way) => way.restore()));
      },
      ...(network && {
        'a cable is cut for a while': async () => {
          await network.other.cut();
          await away();
          await network.other.restore();
        },
      }),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  #any(members: readonly Member[]): Member {
    const [one] = members.slice(this.#random(members.length));
    if (!one) throw new Error('there is no process');
    return one;
  }
}

interface Ground {
  cluster: TestCluster;
  /** Undefined where no such network can be made. */
  network: TestNetwork | undefined;
  /** The way of this machine's processes to the database. */
  postgres: Forwarder;
  /** All ways to the database. */
  ways: Forwarder[];
}

async function openGround(stack: AsyncDisposableStack): Promise<Ground> {
  const network = HAS_NETWORKS ? stack.use(await openNetwork()) : undefined;
  const cluster = await TestCluster.open();
  const postgres = stack.use(await Forwarder.open({ to: cluster.postgresSocket }));
  // Processes need the ways until they have ended.
  stack.use(cluster);
  return { cluster, network, postgres, ways: [postgres] };
}

/** A node at the other end of the cable. */
async function openFar(
  { cluster, ways }: Ground,
  { host, other }: TestNetwork,
  stack: AsyncDisposableStack,
): Promise<Member> {
  const reach = async (to: number | string) => stack.use(await Forwarder.open({ to, host }));
  const postgres = await reach(cluster.postgresSocket);
  ways.push(postgres);
  const [nats, s3] = [await reach(cluster.nats.port), await reach(cluster.s3Port)];
  const env = {
    DATABASE_URL: cluster.databaseAt(postgres),
    NATS_URL: `nats://${nats.host}:${nats.port}`,
    BCTRL_S3_ENDPOINT: `http://${s3.host}:${s3.port}`,
    BCTRL_NODE_TLS: 'off',
  };
  return Member.open((differs) => cluster.start('node', { ...env, ...differs }, other.via));
}
