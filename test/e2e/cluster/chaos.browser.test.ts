import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openDatabase, type Database } from '../../../src/db/client.ts';
import { correctPlaces } from '../../../src/db/queries/quotas.ts';
import { openCdp } from '../../support/cdp.ts';
import { TestCluster, type ClusterProcess } from '../../support/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { HAS_NATS } from '../../support/nats-server.ts';
import { chromiumsOf, sendSignal } from '../../support/processes.ts';
import { seededRandom } from '../../support/random.ts';
import { at } from '../../support/replicas.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const rounds = Number(process.env['CHAOS_ROUNDS'] ?? 4);
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const PAUSE_MS = 3000;
/** All that a request may be told while something goes wrong. */
const ANSWERS = [200, 404, 409, 410, 502, 503];

interface World {
  cluster: TestCluster;
  nodes: ClusterProcess[];
  apis: ClusterProcess[];
  random: (below: number) => number;
}

/** The faults. Each comes at a random moment, while creates and stops are under way. */
const FAULTS = {
  'a node is killed': (world: World) => restart(world, world.nodes, 'node'),
  'an API is killed': (world: World) => restart(world, world.apis, 'api'),
  'a node hangs for a while': async ({ nodes, random }: World) => hang(oneOf(nodes, random)),
  'an API hangs for a while': async ({ apis, random }: World) => hang(oneOf(apis, random)),
  'NATS is away for a while': async ({ cluster: { nats } }: World) => {
    await nats.kill();
    await delay(PAUSE_MS);
    await nats.restart();
  },
  'NATS hangs for a while': async ({ cluster: { nats } }: World) => {
    await nats.pause();
    await delay(PAUSE_MS);
    nats.resume();
  },
} satisfies Record<string, (world: World) => Promise<void>>;

test.runIf(HAS_NATS)(
  `rows and browsers of a cluster agree after ${rounds} faults (CHAOS_SEED=${seed})`,
  async () => {
    process.stderr.write(`chaos of a cluster: ${rounds} rounds, CHAOS_SEED=${seed}\n`);
    await using cluster = await TestCluster.open();
    const start = (role: 'node' | 'api') => Promise.all([cluster.start(role), cluster.start(role)]);
    const nodes = await start('node');
    const world = { cluster, nodes, apis: await start('api'), random: seededRandom(seed) };
    await using database = await openDatabase({ url: cluster.databaseUrl }, { connections: 2 });
    const faults = Object.entries(FAULTS);
    for (let round = 0; round < rounds; round++) {
      const [name, fault] = faults[(round + seed) % faults.length] ?? [];
      const load = startLoad(world);
      await delay(world.random(600));
      await fault?.(world);
      await load;
      await expectAgreement(world, database, `round ${round}, ${name}`);
    }
  },
  rounds * 120_000,
);

function oneOf(processes: ClusterProcess[], random: World['random']): ClusterProcess {
  const [one] = processes.slice(random(processes.length));
  if (!one) throw new Error('there is no process');
  return one;
}

/** Kills a process, and starts it again on what it left. */
async function restart(
  { cluster, random }: World,
  processes: ClusterProcess[],
  role: 'node' | 'api',
): Promise<void> {
  const killed = oneOf(processes, random);
  await killed.stop('SIGKILL');
  await delay(random(PAUSE_MS));
  const started = await cluster.start(role, { BCTRL_DATA_DIR: killed.dataDir });
  processes.splice(processes.indexOf(killed), 1, started);
}

async function hang({ pid }: ClusterProcess): Promise<void> {
  sendSignal(pid, 'SIGSTOP');
  await delay(PAUSE_MS);
  sendSignal(pid, 'SIGCONT');
}

/** Creates runtimes at one API, and stops some of them at another; no request may hang. */
async function startLoad({ apis, random }: World): Promise<void> {
  const attempt = async () => {
    await delay(random(400));
    const alias = `c-${randomUUID()}`;
    const [maker, stopper] = [oneOf(apis, random), oneOf(apis, random)];
    const created = await maker.call('POST', RUNTIMES, { alias, kind: 'browser' });
    expect(ANSWERS, created.text).toContain(created.status);
    if (random(2) === 0) return;
    const stopped = await stopper.call('POST', `${RUNTIMES}/${alias}/stop`);
    expect(ANSWERS, stopped.text).toContain(stopped.status);
  };
  const attempts = [0, 1, 2, 3, 4].map(async () => {
    try {
      await attempt();
    } catch (error) {
      // The API ended during the request.
      if (!(error instanceof TypeError)) throw error;
    }
  });
  await Promise.all(attempts);
}

/** What is called active answers at any API; when all is stopped, only ready browsers are left. */
async function expectAgreement(world: World, database: Database, when: string): Promise<void> {
  const { apis, nodes } = world;
  const [first, second] = apis;
  if (!first || !second) throw new Error('there are two APIs');
  for (const { exited, log } of [...apis, ...nodes]) {
    const ended = await Promise.race([exited.then(() => log), delay(1)]);
    expect(ended, `${when}: a process ended by itself`).toBeUndefined();
  }
  await eventually(async () => {
    for (const api of apis) {
      expect(await api.call('GET', '/readyz'), when).toMatchObject({ status: 200 });
    }
    const { json } = await first.call('GET', `${RUNTIMES}?status=active&limit=100`);
    for (const { alias, connection } of json.runtimes) {
      expect(connection, `${when}: ${alias} is up`).toBeDefined();
      using cdp = await openCdp(at(second, connection.cdpUrl));
      const { product } = await cdp.send('Browser.getVersion');
      expect(product, when).toMatch(/Chrom/);
    }
  });
  const { json } = await first.call('GET', `${RUNTIMES}?status=active&limit=100`);
  for (const { id } of json.runtimes) {
    const stopped = await second.call('POST', `${RUNTIMES}/${id}/stop`);
    expect(stopped, `${when}: ${stopped.text}`).toMatchObject({ status: 200 });
  }
  await eventually(async () => {
    for (const node of nodes) {
      const warm = /^bctrl_warm_browsers (\d+)/m.exec((await node.call('GET', '/metrics')).text);
      const browsers = await chromiumsOf(node.dataDir);
      expect(browsers.length, `${when}: browsers that nobody has`).toBe(Number(warm?.[1] ?? 0));
    }
  });
  expect(await correctPlaces(database.db), `${when}: quotas`).toBe(0);
}
