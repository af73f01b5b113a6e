/** What looks like the loss of a machine, and is none. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test as base } from 'vitest';
import { createNodeStore } from '../../../src/db/queries/nodes.ts';
import { openDatabase } from '../../../src/db/client.ts';
import { TestCluster, type ClusterProcess } from '../../support/cluster.ts';
import { contention } from '../../support/contention.ts';
import { eventually } from '../../support/eventually.ts';
import { Forwarder } from '../../support/forwarder.ts';
import {
  assertActive,
  create,
  during,
  openSockets,
  place,
  RUNTIMES,
  type PlacedRuntime,
} from '../../support/lost.ts';
import { HAS_NATS, type NatsServer } from '../../support/nats-server.ts';
import { sendSignal } from '../../support/processes.ts';

const STALL_MS = 5000;
const OUTAGE_MS = 10_000;
const REFUSED_WITHIN_MS = 100;
const BACK_WITHIN_MS = 1000;
/** Until the loss of a connection is noticed. */
const NOTICE_MS = 4000;

const test = base
  .extend('cluster', { scope: 'file' }, async ({}, { onCleanup }) => {
    const stack = new AsyncDisposableStack();
    onCleanup(() => stack.disposeAsync());
    const ground = await TestCluster.open();
    const postgres = stack.use(await Forwarder.open({ to: ground.postgresSocket }));
    const cluster = stack.use(ground);
    const env = { DATABASE_URL: cluster.databaseAt(postgres) };
    const nodes = await Promise.all([cluster.start('node', env), cluster.start('node', env)]);
    const [first, second] = await Promise.all([
      cluster.start('api', env),
      cluster.start('api', env),
    ]);
    const database = stack.use(await openDatabase({ url: cluster.databaseUrl }));
    const lives = async () => {
      const listed = await createNodeStore(database).list();
      return listed.map(({ id, epoch, state }) => ({ id, epoch, state }));
    };
    return { nats: cluster.nats, postgres, nodes, first, second, lives };
  })
  .extend('runtimes', async ({ cluster: { first, second } }, { onCleanup }) => {
    const runtimes: PlacedRuntime[] = [];
    for (let nth = 0; nth < 4; nth++) runtimes.push(await place(nth % 2 ? first : second));
    expect(new Set(runtimes.map(({ nodeId }) => nodeId)).size).toBe(2);
    onCleanup(async () => {
      for (const { id } of runtimes) await first.call('POST', `${RUNTIMES}/${id}/stop`);
    });
    return runtimes;
  });

/** That nobody was lost: runtimes go on, their clients stay, and each process lives as before. */
async function assertNobodyLost(
  { cluster, runtimes }: { cluster: Cluster; runtimes: readonly PlacedRuntime[] },
  outage: (sockets: Awaited<ReturnType<typeof openSockets>>) => Promise<void>,
): Promise<void> {
  const before = await cluster.lives();
  using sockets = await openSockets(runtimes);
  try {
    await outage(sockets);
  } catch (error) {
    // The other tests, and the end of the processes, need both.
    await Promise.all([cluster.nats.restart(), cluster.postgres.restore()]);
    throw error;
  }
  await sockets.ask();
  // Whoever was late to renew its lease has had the time to be declared lost.
  await delay(2 * BACK_WITHIN_MS);
  await sockets.ask();
  await assertActive(cluster.second, runtimes);
  expect(await cluster.lives()).toEqual(before);
}

interface Cluster {
  nats: NatsServer;
  postgres: Forwarder;
  second: ClusterProcess;
  lives: () => Promise<unknown>;
}

/** Creates are refused at once, and clients stay where they are. */
async function assertRefused(api: ClusterProcess, ask: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  await during(OUTAGE_MS - NOTICE_MS, async () => {
    const asked = performance.now();
    expect(await create(api)).toMatchObject({
      status: 503,
      json: { code: 'service.unavailable' },
    });
    times.push(performance.now() - asked);
    await ask();
  });
  const [median = Infinity] = times.toSorted((a, b) => a - b).slice(times.length / 2);
  expect(median).toBeLessThan(REFUSED_WITHIN_MS * contention());
}

async function assertBack(api: ClusterProcess): Promise<void> {
  const backAt = performance.now();
  const { json } = await eventually(async () => {
    const made = await create(api);
    expect(made, made.text).toMatchObject({ status: 200 });
    return made;
  });
  expect(performance.now() - backAt).toBeLessThan(BACK_WITHIN_MS * contention());
  await api.call('POST', `${RUNTIMES}/${json.id}/stop`);
}

test.runIf(HAS_NATS)(
  'a node that stops for five seconds loses nothing',
  async ({ cluster, runtimes }) => {
    const { nodes, first } = cluster;
    await assertNobodyLost({ cluster, runtimes }, async () => {
      sendSignal(nodes[0]?.pid, 'SIGSTOP');
      try {
        await delay(STALL_MS);
      } finally {
        sendSignal(nodes[0]?.pid, 'SIGCONT');
      }
      await assertBack(first);
    });
  },
);

test.runIf(HAS_NATS)(
  'without NATS for ten seconds, runtimes and their clients go on',
  async ({ cluster, runtimes }) => {
    const { nats, first } = cluster;
    await assertNobodyLost({ cluster, runtimes }, async ({ ask }) => {
      await nats.kill();
      await assertRefused(first, ask);
      await during(NOTICE_MS, async () => void (await ask()));
      await nats.restart();
      await assertBack(first);
    });
  },
);

test.runIf(HAS_NATS)(
  'without Postgres for ten seconds, runtimes and their clients go on',
  async ({ cluster, runtimes }) => {
    const { postgres, first } = cluster;
    await assertNobodyLost({ cluster, runtimes }, async ({ ask }) => {
      await postgres.cut();
      await during(NOTICE_MS, async () => void (await ask()));
      await assertRefused(first, ask);
      await postgres.restore();
      await assertBack(first);
    });
  },
);

test.runIf(HAS_NATS)(
  'without both, runtimes and their clients go on',
  async ({ cluster, runtimes }) => {
    const { nats, postgres, first } = cluster;
    await assertNobodyLost({ cluster, runtimes }, async ({ ask }) => {
      await Promise.all([nats.kill(), postgres.cut()]);
      await during(OUTAGE_MS, async () => void (await ask()));
      await Promise.all([nats.restart(), postgres.restore()]);
      await assertBack(first);
    });
  },
);
