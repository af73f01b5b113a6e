import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { openDatabase, type Database } from '../../../src/db/client.ts';
import { correctPlaces } from '../../../src/db/queries/quotas.ts';
import { openCdp, type Cdp } from '../../support/cdp.ts';
import type { ClusterProcess } from '../../support/cluster.ts';
import { eventually } from '../../support/eventually.ts';
import { FaultyCluster, type Random } from '../../support/faulty-cluster.ts';
import { RUNTIMES } from '../../support/lost.ts';
import { HAS_NATS } from '../../support/nats-server.ts';
import { chromiumsOf } from '../../support/processes.ts';
import { seededRandom } from '../../support/random.ts';
import { at } from '../../support/replicas.ts';

const rounds = Number(process.env['CHAOS_ROUNDS'] ?? 4);
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** All that a request may be told while something goes wrong. */
const ANSWERS = [200, 404, 409, 410, 502, 503];
const SITE = 'http://site.test/';
const Cookies = z.object({ cookies: z.array(z.object({ value: z.string() })) });
const NodeList = z.object({
  json: z.object({
    nodes: z.array(z.object({ id: z.string(), load: z.object({ warm: z.int() }).optional() })),
  }),
});

interface World {
  faulty: FaultyCluster;
  database: Database;
  random: Random;
  profile: KeptProfile;
}

/** A profile into which every round writes its number. */
interface KeptProfile {
  id: string;
  /** The last number that was said to be saved. */
  saved: number;
}

test.runIf(HAS_NATS)(
  `rows, browsers and profiles of a cluster are right after ${rounds} faults (CHAOS_SEED=${seed})`,
  async () => {
    process.stderr.write(`chaos of a cluster: ${rounds} rounds, CHAOS_SEED=${seed}\n`);
    const random = seededRandom(seed);
    await using faulty = await FaultyCluster.open(random);
    await using database = await openDatabase(
      { url: faulty.cluster.databaseUrl },
      { connections: 2 },
    );
    const profile = await makeProfile(faulty);
    const world = { faulty, database, random, profile };
    const faults = Object.entries(faulty.faults);
    for (let round = 1; round <= rounds; round++) {
      const [name = '', fault] = faults[(round + seed) % faults.length] ?? [];
      const load = startLoad(world, round);
      await delay(random(600));
      await fault?.();
      await load;
      await expectAgreement(world, `round ${round}, ${name}`);
    }
  },
  rounds * 120_000,
);

async function makeProfile({ apis: [api] }: FaultyCluster): Promise<KeptProfile> {
  const made = await api?.call('POST', '/v1/browser-profiles', { name: 'kept' });
  return { id: made?.json.id, saved: 0 };
}

/**
 * Creates runtimes at one API, and stops some of them at another, and saves a number in the profile;
 * no request may hang.
 */
async function startLoad(world: World, round: number): Promise<void> {
  const { random } = world;
  const attempts = [0, 1, 2, 3, 4].map(() =>
    unlessCutOff(async () => {
      await delay(random(400));
      const { id } = (await makeRuntime(world)) ?? {};
      if (id !== undefined && random(2) === 1) await stopRuntime(world, id);
    }),
  );
  await Promise.all([...attempts, unlessCutOff(() => saveNumber(world, round))]);
}

async function saveNumber(world: World, value: number): Promise<void> {
  const { profile } = world;
  const launch = { mode: 'profile', profileId: profile.id };
  const made = await makeRuntime(world, { launch });
  if (!made) return;
  const isSet = await withCdp(made.connection.cdpUrl, (cdp) => setNumber(cdp, value)).then(
    () => true,
    () => false,
  );
  const stopped = await stopRuntime(world, made.id);
  if (isSet && stopped?.status === 'stopped') profile.saved = value;
}

async function makeRuntime(world: World, extra: object = {}) {
  const alias = `c-${randomUUID()}`;
  const created = await anyApi(world).call('POST', RUNTIMES, { alias, kind: 'browser', ...extra });
  expect(ANSWERS, created.text).toContain(created.status);
  return created.status === 200 ? created.json : undefined;
}

async function stopRuntime(world: World, id: string) {
  const stopped = await anyApi(world).call('POST', `${RUNTIMES}/${id}/stop`);
  expect(ANSWERS, stopped.text).toContain(stopped.status);
  return stopped.status === 200 ? stopped.json : undefined;
}

function anyApi({ faulty: { apis }, random }: World): ClusterProcess {
  const [api] = apis.slice(random(apis.length));
  if (!api) throw new Error('there is no API');
  return api;
}

/** The API may end during a request. */
async function unlessCutOff(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

async function withCdp<T>(cdpUrl: string, work: (cdp: Cdp) => Promise<T>): Promise<T> {
  using cdp = await openCdp(cdpUrl);
  return await work(cdp);
}

async function setNumber(cdp: Cdp, value: number): Promise<void> {
  const expires = Date.now() / 1000 + 100_000;
  const cookie = { name: 'number', value: String(value), url: SITE, expires };
  await cdp.send('Storage.setCookies', { cookies: [cookie] });
}

async function getNumber(cdp: Cdp): Promise<number> {
  const { cookies } = Cookies.parse(await cdp.send('Storage.getCookies'));
  return Number(cookies[0]?.value ?? 0);
}

async function expectAgreement(world: World, when: string): Promise<void> {
  const { nodes, apis } = world.faulty;
  const living = Promise.race([...apis, ...nodes].map((one) => failAtEnd(one, when)));
  await Promise.race([living, expectActive(world, when)]);
  await expectSaved(world, when);
  await eventually(() => expectNoStrays(world, when));
  expect(await correctPlaces(world.database.db), `${when}: quotas`).toBe(0);
}

/** Rejects when the process ends, with what it said. */
async function failAtEnd(process: ClusterProcess, when: string): Promise<void> {
  await process.exited;
  throw new Error(`${when}: a process ended by itself: ${process.log}`);
}

/** What is called active answers at any API, and can be stopped at any. */
async function expectActive({ faulty: { apis } }: World, when: string): Promise<void> {
  const [first, second] = apis;
  if (!first || !second) throw new Error('there are two APIs');
  await eventually(async () => {
    for (const api of apis) {
      expect(await api.call('GET', '/readyz'), when).toMatchObject({ status: 200 });
    }
    const { json } = await first.call('GET', `${RUNTIMES}?status=active&limit=100`);
    for (const { alias, connection } of json.runtimes) {
      expect(connection, `${when}: ${alias} is up`).toBeDefined();
      const { product } = await withCdp(at(second, connection.cdpUrl), (cdp) =>
        cdp.send('Browser.getVersion'),
      );
      expect(product, when).toMatch(/Chrom/);
    }
  });
  const { json } = await first.call('GET', `${RUNTIMES}?status=active&limit=100`);
  for (const { id } of json.runtimes) {
    const stopped = await second.call('POST', `${RUNTIMES}/${id}/stop`);
    expect(stopped, `${when}: ${stopped.text}`).toMatchObject({ status: 200 });
  }
}

/** When nothing runs, a node has the browsers that it says are ready, and no other. */
async function expectNoStrays({ faulty: { nodes, apis } }: World, when: string): Promise<void> {
  const { json } = NodeList.parse(await apis[0]?.call('GET', '/v1/nodes'));
  const warm = new Map(json.nodes.map(({ id, load }) => [id, load?.warm]));
  for (const { nodeId, dataDir } of nodes) {
    const browsers = await chromiumsOf(dataDir);
    expect(browsers.length, `${when}: browsers that nobody has`).toBe(warm.get(nodeId));
  }
}

/** The profile can be used, and has nothing older than what was said to be saved. */
async function expectSaved(world: World, when: string): Promise<void> {
  const { profile } = world;
  const launch = { mode: 'profile', profileId: profile.id };
  const made = await eventually(async () => {
    const created = await makeRuntime(world, { launch });
    expect(created, `${when}: the profile can be used`).toBeDefined();
    return created;
  });
  const number = await withCdp(made.connection.cdpUrl, getNumber);
  expect(number, `${when}: the profile`).toBeGreaterThanOrEqual(profile.saved);
  expect(await stopRuntime(world, made.id), when).toMatchObject({ status: 'stopped' });
}
