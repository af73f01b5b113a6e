import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openCdp } from '../support/cdp.ts';
import { openDatabase } from '../../src/db/client.ts';
import { embeddedAddress } from '../../src/db/embedded.ts';
import { correctPlaces } from '../../src/db/queries/quotas.ts';
import { freshEnv } from '../support/fresh-env.ts';
import { caller } from '../support/http.ts';
import { chromiumsOf, listeningPorts } from '../support/processes.ts';
import { seededRandom } from '../support/random.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { warmBrowsers } from '../support/warm.ts';

const run = promisify(execFile);
const RUNTIMES = '/v1/workspaces/default/runtimes';
/** A launch that hangs and that nobody waits for is given up after 40 s; then there is another one. */
const AGREEMENT_MS = 150_000;
const rounds = Number(process.env['CHAOS_ROUNDS'] ?? 5);
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

interface World {
  env: Awaited<ReturnType<typeof freshEnv>>;
  service: ServiceProcess;
  apiKey: string;
  random: (below: number) => number;
}

/** The faults. Each comes at a random moment, while creates and stops are under way. */
const FAULTS = {
  'a browser is killed': async (world: World) => signalBrowser(world, 'SIGKILL'),
  'a browser hangs': async (world: World) => signalBrowser(world, 'SIGSTOP'),
  'a renderer crashes': crashRenderer,
  'the service is killed': async ({ service }: World) => void (await service.stop('SIGKILL')),
  'the service is killed while a browser hangs': async (world: World) => {
    await signalBrowser(world, 'SIGSTOP');
    await world.service.stop('SIGKILL');
  },
  'the service is told to end twice': async ({ service }: World) => {
    void service.stop('SIGTERM');
    await delay(20);
    await service.stop('SIGTERM');
  },
  'the database crashes': async (world: World) => killPostgres(world, 'SIGQUIT'),
  'the disk is full': fillDisk,
  'the machine restarts': restartMachine,
} satisfies Record<string, (world: World) => Promise<void>>;

test(
  `rows, processes, directories and ports agree after ${rounds} faults (CHAOS_SEED=${seed})`,
  async () => {
    process.stderr.write(`chaos: ${rounds} rounds, CHAOS_SEED=${seed}\n`);
    const world = await openWorld();
    const faults = Object.entries(FAULTS);
    for (let round = 0; round < rounds; round++) {
      const [name, fault] = faults[(round + seed) % faults.length] ?? [];
      const load = startLoad(world, round);
      await delay(world.random(600));
      await fault?.(world);
      await load;
      await restartIfGone(world);
      await expectAgreement(world, `round ${round}, ${name}`);
      await endAll(world, `round ${round}, ${name}`);
    }
  },
  rounds * (AGREEMENT_MS + 60_000),
);

async function openWorld(): Promise<World> {
  const fresh = await freshEnv();
  const disk = await openSmallDisk(fresh.BCTRL_BROWSER_DIR);
  const env = {
    ...fresh,
    BCTRL_BROWSER_DIR: disk,
    BCTRL_WARM_MIN: '1',
    BCTRL_HEALTH_INTERVAL_MS: '300',
    BCTRL_HEALTH_TIMEOUT_MS: '3000',
    BCTRL_QUEUE_TIMEOUT_MS: '5000',
  };
  const service = await startService(env);
  const world = {
    env,
    service,
    apiKey: service.apiKey ?? '',
    random: seededRandom(seed),
  };
  onTestFinished(async () => {
    await world.service.stop('SIGTERM');
    await run('umount', [disk]).catch(() => undefined);
  });
  return world;
}

/** A small file system to fill; without the right to mount one, a directory that is never filled. */
async function openSmallDisk(directory: string): Promise<string> {
  const disk = join(directory, 'd');
  await mkdir(disk);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'bctrl-chaos', disk]).catch(
    () => undefined,
  );
  return disk;
}

/** Creates and stops runtimes while something goes wrong; no request may hang. */
async function startLoad({ service, apiKey, random }: World, round: number): Promise<void> {
  const call = caller(service.url, apiKey);
  const attempt = async (number: number) => {
    const alias = `c-${round}-${number}`;
    await delay(random(300));
    const created = await call('POST', RUNTIMES, { alias, kind: 'browser' });
    expect([200, 409, 502, 503], created.text).toContain(created.status);
    if (created.status === 503) expect(created.headers.get('retry-after')).not.toBeNull();
    if (random(2) === 0) return;
    const stopped = await call('POST', `${RUNTIMES}/${alias}/stop`);
    expect([200, 404, 503], stopped.text).toContain(stopped.status);
  };
  const attempts = [0, 1, 2, 3].map(async (number) => {
    try {
      await attempt(number);
    } catch (error) {
      // The service ended during the request.
      if (!(error instanceof TypeError)) throw error;
    }
  });
  await Promise.all(attempts);
}

const mainProcesses = ({ env }: World) => chromiumsOf(env.BCTRL_BROWSER_DIR);

async function signalBrowser(world: World, signal: NodeJS.Signals): Promise<void> {
  const browsers = await mainProcesses(world);
  const one = browsers[world.random(Math.max(1, browsers.length))];
  try {
    if (one) process.kill(one.pid, signal);
  } catch {
    // The browser was stopped just now.
  }
}

async function crashRenderer({ service, apiKey }: World): Promise<void> {
  const { json } = await caller(service.url, apiKey)('GET', `${RUNTIMES}?status=active`);
  const runtime = json.runtimes.find(({ connection }: { connection?: object }) => connection);
  if (!runtime) return;
  try {
    using client = await openCdp(runtime.connection.cdpUrl);
    const targetId = runtime.summary.defaultPageId;
    const { sessionId } = await client.send('Target.attachToTarget', { targetId, flatten: true });
    client.send('Page.crash', {}, String(sessionId)).catch(() => undefined);
    await client.send('Browser.getVersion');
  } catch {
    // The browser was stopped just now.
  }
}

async function postmaster({ env }: World): Promise<number> {
  const file = join(env.BCTRL_DATA_DIR, 'postgres/data/postmaster.pid');
  return Number((await readFile(file, 'utf8')).split('\n')[0]);
}

async function killPostgres(world: World, signal: NodeJS.Signals): Promise<void> {
  const pid = await postmaster(world);
  process.kill(pid, signal);
  await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
}

async function fillDisk({ env, random }: World): Promise<void> {
  const filler = join(env.BCTRL_BROWSER_DIR, 'filler');
  const { stdout } = await run('df', ['--output=size', env.BCTRL_BROWSER_DIR]);
  // Fills only the small disk that was mounted for it.
  if (Number(stdout.split('\n')[1]) > 300_000) return;
  await writeFile(filler, Buffer.alloc(300 * 1024 ** 2)).catch(() => undefined);
  await delay(500 + random(500));
  await rm(filler, { force: true });
}

/** Kills every process and removes the files in memory. */
async function restartMachine(world: World): Promise<void> {
  const browsers = await mainProcesses(world);
  await Promise.all([world.service.stop('SIGKILL'), killPostgres(world, 'SIGKILL')]);
  for (const { pid } of browsers) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Its lifeline ended the browser first.
    }
  }
  const disk = world.env.BCTRL_BROWSER_DIR;
  for (const name of await readdir(disk)) await rm(join(disk, name), { recursive: true });
}

async function restartIfGone(world: World): Promise<void> {
  try {
    process.kill(world.service.pid, 0);
    await fetch(`${world.service.url}/healthz`);
  } catch {
    world.service = await startService(world.env);
  }
}

/** Asserts that rows, processes, directories and ports agree within seconds. */
async function expectAgreement(world: World, when: string): Promise<void> {
  const call = caller(world.service.url, world.apiKey);
  const look = async () => {
    const doctor = await call('GET', '/v1/doctor');
    expect(doctor, `${when}: ${doctor.text}`).toMatchObject({
      status: 200,
      json: { findings: [] },
    });
    const { runtimes } = (await call('GET', `${RUNTIMES}?limit=500`)).json;
    const active = runtimes.filter(({ status }: { status: string }) => status === 'active');
    for (const { summary, id } of active)
      expect(summary.browserRunning, `${when}: ${id}`).toBe(true);
    for (const { status, failure, stopReason, id } of runtimes) {
      if (status === 'failed')
        expect(failure?.code, `${when}: ${id}`).toMatch(/^(?:runtime|service)\./);
      if (status === 'stopped') expect(stopReason, `${when}: ${id}`).toBeDefined();
    }
    const browsers = await mainProcesses(world);
    const there = active.length + (await warmBrowsers(world.service.url));
    expect(browsers.length, `${when}: browsers`).toBe(there);
    expect((await browserDirectories(world)).length, `${when}: directories`).toBe(there);
    const ports = await Promise.all(browsers.map(({ pid }) => listeningPorts(pid)));
    expect(ports.flat().length, `${when}: ports`).toBe(there);
    for (const { connection } of active) {
      using client = await openCdp(connection.cdpUrl);
      expect(await client.send('Browser.getVersion')).toHaveProperty('product');
    }
  };
  // A browser that nobody waits for comes up slowly, at low priority.
  await eventually(look, { interval: 200, limit: AGREEMENT_MS });
  await using database = await openDatabase(embeddedAddress(world.env.BCTRL_DATA_DIR));
  expect(await correctPlaces(database.db), `${when}: organizations counted wrong`).toBe(0);
}

async function browserDirectories({ env }: World): Promise<string[]> {
  const disk = env.BCTRL_BROWSER_DIR;
  const [root] = (await readdir(disk)).filter((name) => name.startsWith('bctrl-'));
  return root === undefined ? [] : readdir(join(disk, root));
}

async function endAll(world: World, when: string): Promise<void> {
  const call = caller(world.service.url, world.apiKey);
  const { runtimes } = (await call('GET', `${RUNTIMES}?status=active`)).json;
  await Promise.all(
    runtimes.map(async ({ id }: { id: string }) => {
      expect(await call('POST', `${RUNTIMES}/${id}/stop`), when).toMatchObject({ status: 200 });
    }),
  );
  await eventually(
    async () => {
      const warm = await warmBrowsers(world.service.url);
      expect((await mainProcesses(world)).length, when).toBe(warm);
      expect((await browserDirectories(world)).length, when).toBe(warm);
    },
    { limit: AGREEMENT_MS },
  );
}
