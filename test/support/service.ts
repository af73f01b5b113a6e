import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { inject } from 'vitest';
import { loadConfig, type Config } from '../../src/api/config/config.ts';
import type { Executables } from '../../src/api/config/executables.ts';
import { openLocalNode, type OpenedNode, type OpenNode } from '../../src/api/local-node.ts';
import { openService, type Service } from '../../src/api/service.ts';
import type { Database } from '../../src/db/client.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import type { LocalNode } from '../../src/runtime-manager/index.ts';
import { openTestDatabase } from './database.ts';
import { openFakeNode } from './open-fake-node.ts';
import { caller, type Call } from './http.ts';
import { addKey } from './keys.ts';

/** A service as `npm start` opens it, with a database of its own and a free port. */
export interface TestService extends Omit<Service, 'newApiKey'> {
  apiKey: string;
  database: Database;
  /** Where its archives and checkouts lie. */
  dataDir: string;
  /** Log lines so far, as they would be written. */
  logged: string[];
  call: Call;
  /** Calls as another organization. */
  callAsOther: Call;
}

/** A service whose runtimes have browsers. */
export interface BrowserService extends TestService, Pick<OpenedNode, 'states' | 'tryOut'> {
  node: LocalNode;
}

type Nested = 'admission' | 'captchas' | 'runtimeLimits';

/** Settings that differ from those of most tests. */
export type Settings = Partial<Omit<Config, Nested>> & { [Name in Nested]?: Partial<Config[Name]> };

export type TestServiceOptions = Settings & { executables?: Partial<Executables> };

/** Every browser is launched on request, for tests that count processes. */
export const NO_WARM = { min: 0, max: 0 };

export async function openTestService({
  executables = {},
  ...settings
}: TestServiceOptions = {}): Promise<BrowserService> {
  const installed = {
    executablePath: inject('chromiumPath'),
    chromedriverPath: inject('chromedriverPath') || undefined,
    ffmpegPath: inject('ffmpegPath') || undefined,
    ...executables,
  };
  const made = Promise.withResolvers<OpenedNode & { node: LocalNode }>();
  const service = await open(settings, async (parts, stack) => {
    const opened = await openLocalNode(parts, stack, installed);
    made.resolve(opened);
    return opened;
  });
  const { node, states, tryOut } = await made.promise;
  return { ...service, node, states, tryOut };
}

/** A service with a node that has no browsers. */
export function openFakeService(settings: Settings = {}): Promise<TestService> {
  return open(settings, openFakeNode);
}

async function open(settings: Settings, openNode: OpenNode): Promise<TestService> {
  await using stack = new AsyncDisposableStack();
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => record(logged, line) });
  const [dataDir, browserDir] = await Promise.all(
    ['bctrl-data-', 'bctrl-'].map((prefix) => mkdtemp(join(tmpdir(), prefix))),
  );
  if (!dataDir || !browserDir) throw new Error('there are no directories');
  for (const directory of [dataDir, browserDir]) {
    stack.defer(() => rm(directory, { recursive: true, force: true }));
  }
  const database = stack.use(await openTestDatabase());
  const config = configFor({ ...settings, dataDir, browserDir });
  const service = stack.use(await openService(config, { log, database, openNode }));
  const apiKey = service.newApiKey ?? 'none';
  const otherKey = await createOtherOrganization(database);
  const owned = stack.move();
  return {
    ...service,
    apiKey,
    database,
    dataDir,
    logged,
    call: caller(service.url, apiKey),
    callAsOther: caller(service.url, otherKey),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The defaults, except that no test depends on the machine's speed, and limits are within reach. */
function configFor(settings: Settings): Config {
  const config = loadConfig();
  const { max } = config.warm;
  const ours = {
    port: 0,
    // Few, since every test file has a service; none when BCTRL_WARM_MAX is 0.
    warm: { min: Math.min(1, max), max: Math.min(2, max) },
    launchTimeoutMs: 120_000,
    healthCheck: { intervalMs: 5000, timeoutMs: 60_000, busyMultiple: 3 },
    memoryFloorBytes: 0,
    maxRuntimesPerOrganization: 1000,
    proxyTimeoutMs: 5000,
    saveIntervalMs: 0,
    timeLimits: { idleTimeoutSeconds: 600, maxDurationSeconds: 3600 },
    ceilings: {
      timeLimits: { idleTimeoutSeconds: 1000, maxDurationSeconds: 10_000 },
      extensions: 3,
    },
  };
  const admission = { maxRuntimes: 20, maxLaunches: 2, maxQueue: 50, queueTimeoutMs: 60_000 };
  const captchas = { attempts: 2, solvesPerRuntime: 20, solveTimeoutMs: 20_000 };
  return {
    ...config,
    ...ours,
    ...settings,
    admission: { ...admission, ...settings.admission },
    captchas: { ...config.captchas, ...captchas, ...settings.captchas },
    runtimeLimits: { ...config.runtimeLimits, ...settings.runtimeLimits },
  };
}

/** An error of the service is an error of the test, mostly. */
function record(logged: string[], line: string): void {
  logged.push(line);
  if (line.startsWith('{"level":50')) process.stderr.write(line);
}

async function createOtherOrganization(database: Database): Promise<string> {
  const other = await insertOrganization(database.db, 'other');
  return addKey(database, {}, other.id);
}
