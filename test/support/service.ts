import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { inject } from 'vitest';
import { loadConfig } from '../../src/api/config/config.ts';
import { IdempotentAnswers } from '../../src/api/http/idempotent-answers.ts';
import { createMetrics } from '../../src/api/http/metrics.ts';
import { createPublicAddress, type AddressOptions } from '../../src/api/http/public-address.ts';
import { openServer } from '../../src/api/http/server.ts';
import { bootstrap } from '../../src/db/bootstrap.ts';
import type { Database } from '../../src/db/client.ts';
import { addApiKey, generateApiKey } from '../../src/db/queries/api-keys.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createExtensionStore } from '../../src/db/queries/browser-extensions.ts';
import { createProfileStore } from '../../src/db/queries/profile-versions.ts';
import { createRetentionStore } from '../../src/db/queries/retention.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { createStorageStore } from '../../src/db/queries/storages.ts';
import {
  diagnose,
  EgressPolicy,
  Extensions,
  LocalNode,
  openJail,
  openStorage,
  OwnedStorage,
  OwnPorts,
  Profiles,
  programPaths,
  RuntimeManager,
  StorageOwner,
  type JailMode,
  type LocalNodeOptions,
  type OwnService,
  type RuntimeManagerOptions,
  type S3Options,
} from '../../src/runtime-manager/index.ts';
import { SecretBox } from '../../src/db/secret-box.ts';
import { openTestDatabase } from './database.ts';
import { caller, type Call } from './http.ts';

/** A second main, with parts for tests: a database of its own and a free port. */
export interface TestService extends AsyncDisposable {
  url: string;
  apiKey: string;
  database: Database;
  runtimes: RuntimeManager;
  /** Where its browsers have their directories. */
  browserRoot: string;
  /** Where its archives and checkouts lie. */
  dataDir: string;
  /** Log lines so far, as they would be written. */
  logged: string[];
  call: Call;
  /** Calls as another organization. */
  callAsOther: Call;
}

const MAX_EXTENSIONS = 3;
const NO_PROXY: AddressOptions = { publicUrl: undefined, trustedProxies: [] };

export interface TestServiceOptions {
  /** Empty: there is none. */
  chromedriverPath?: string;
  /** Empty: there is none. */
  ffmpegPath?: string;
  address?: AddressOptions;
  executablePath?: string;
  flavor?: LocalNodeOptions['flavor'];
  jail?: JailMode;
  limits?: Partial<ReturnType<typeof loadConfig>['runtimeLimits']>;
  launchTimeoutMs?: number;
  ticketTtlMs?: number;
  healthCheck?: LocalNodeOptions['healthCheck'];
  memoryFloorBytes?: number;
  warm?: LocalNodeOptions['warm'];
  maxRuntimesPerOrganization?: number;
  admission?: Partial<RuntimeManagerOptions['admission']>;
  metricsToken?: string;
  rateLimitPerMinute?: number;
  s3?: S3Options;
  importMaxBytes?: number;
  egressAllow?: string[];
  ownServices?: OwnService[];
  proxyTimeoutMs?: number;
  humanizeMaxDelayMs?: number;
  openCommandMs?: number;
  captchas?: Partial<RuntimeManagerOptions['captchas']>;
  saveIntervalMs?: number;
  keepVersions?: { count: number; ageMs: number };
}

export async function openTestService(options: TestServiceOptions = {}): Promise<TestService> {
  await using stack = new AsyncDisposableStack();
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => record(logged, line) });
  const browserRoot = await mkdtemp(join(tmpdir(), 'bctrl-'));
  stack.defer(() => rm(browserRoot, { recursive: true, force: true }));
  const dataDir = await mkdtemp(join(tmpdir(), 'bctrl-data-'));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const database = stack.use(await openTestDatabase());
  const apiKey = (await bootstrap(database, undefined)) ?? 'none';
  const otherKey = await createOtherOrganization(database);
  const secrets = await SecretBox.open(database.db, 'a key for tests');
  const archives = await openStorage(options.s3, join(dataDir, 'objects'));
  const storageStore = createStorageStore(database.db);
  const owner = new StorageOwner(archives, storageStore);
  const storage = new OwnedStorage(archives, owner);
  const profiles = new Profiles({
    store: createProfileStore(database.db, secrets),
    storage,
    saveIntervalMs: options.saveIntervalMs ?? 0,
    keepVersions: options.keepVersions ?? { count: 20, ageMs: 3_600_000 },
    log,
  });
  const ownPorts = new OwnPorts(options.ownServices);
  const egressPolicy = new EgressPolicy({ allow: options.egressAllow ?? ['*'], ownPorts });
  const executablePath = options.executablePath ?? inject('chromiumPath');
  const chromedriverPath = (options.chromedriverPath ?? inject('chromedriverPath')) || undefined;
  const ffmpegPath = (options.ffmpegPath ?? inject('ffmpegPath')) || undefined;
  const opened = stack.use(
    await openJail({
      id: randomUUID(),
      mode: options.jail ?? loadConfig().jailMode,
      searchPath: loadConfig().searchPath,
      paths: await programPaths([executablePath, chromedriverPath, ffmpegPath]),
      limits: { ...loadConfig().runtimeLimits, ...options.limits },
      ownPorts,
      log,
    }),
  );
  const node = stack.use(
    await LocalNode.open({
      jail: opened.jail,
      filesRoot: join(dataDir, 'files'),
      directoryBytes: options.limits?.diskBytes ?? loadConfig().runtimeLimits.diskBytes,
      storage,
      extensionRoot: join(dataDir, 'extensions'),
      checkoutRoot: join(dataDir, 'checkouts'),
      id: randomUUID(),
      executablePath,
      flavor: options.flavor ?? 'full',
      chromedriverPath,
      ffmpegPath,
      root: browserRoot,
      env: { PATH: '/usr/bin:/bin' },
      launchTimeoutMs: options.launchTimeoutMs ?? 120_000,
      healthCheck: options.healthCheck ?? { intervalMs: 5000, timeoutMs: 60_000, busyMultiple: 3 },
      memoryFloorBytes: options.memoryFloorBytes ?? 0,
      warm: options.warm ?? warmByDefault(),
      maxLaunches: 2,
      maxExtensions: MAX_EXTENSIONS,
      egress: {
        policy: egressPolicy,
        proxyTimeoutMs: options.proxyTimeoutMs ?? 5000,
        ownPorts,
      },
      log,
    }),
  );
  await profiles.recover(join(dataDir, 'checkouts'));
  const store = createRuntimeStore(database, secrets, {
    maxRuntimesPerOrganization: options.maxRuntimesPerOrganization ?? 1000,
  });
  const extensions = new Extensions({
    store: createExtensionStore(database.db),
    storage,
    workDir: join(dataDir, 'uploads'),
    tryOut: (directory) => node.trials.tryOut(directory, (work) => runtimes.admit(work)),
  });
  const metrics = createMetrics('0.0.0-test');
  const runtimes = stack.use(
    new RuntimeManager({
      node,
      store,
      profiles,
      extensions,
      meter: metrics.meter,
      log,
      ticketTtlMs: options.ticketTtlMs ?? 600_000,
      openCommandMs: options.openCommandMs ?? 600_000,
      humanizeMaxDelayMs: options.humanizeMaxDelayMs ?? 3000,
      timeLimits: { idleTimeoutSeconds: 600, maxDurationSeconds: 3600 },
      admission: {
        maxRuntimes: 20,
        maxLaunches: 2,
        maxQueue: 50,
        queueTimeoutMs: 60_000,
        ...options.admission,
      },
      captchas: {
        solver: undefined,
        attempts: 2,
        solvesPerRuntime: 20,
        solveTimeoutMs: 20_000,
        ...options.captchas,
      },
    }),
  );
  metrics.show({ runtimes, node, jailLevel: opened.jail.level });
  const answers = await IdempotentAnswers.open(database.db, node.id, log);
  const server = stack.use(
    await openServer({
      database,
      runtimes,
      profiles,
      extensions,
      egressPolicy,
      extensionMaxBytes: 64 * 1024 ** 2,
      secrets,
      states: node.states,
      uploadDir: join(dataDir, 'uploads'),
      importMaxBytes: options.importMaxBytes ?? 1024 ** 3,
      answers,
      metrics,
      version: '0.0.0-test',
      metricsToken: options.metricsToken,
      rateLimitPerMinute: options.rateLimitPerMinute ?? loadConfig().rateLimitPerMinute,
      trustedProxies: (options.address ?? NO_PROXY).trustedProxies,
      jail: { level: opened.jail.level, missing: opened.missing },
      diagnose: () =>
        diagnose({
          records: createRetentionStore(database.db),
          keep: loadConfig().keep,
          graceMs: loadConfig().orphanGraceMs,
          storage,
          storageStore,
          owner,
          store,
          nodeId: node.id,
          root: browserRoot,
          filesRoot: join(dataDir, 'files'),
          servicePid: process.pid,
        }),
      ceilings: {
        timeLimits: { idleTimeoutSeconds: 1000, maxDurationSeconds: 10_000 },
        extensions: MAX_EXTENSIONS,
      },
      ownPorts,
      addressOf: createPublicAddress(options.address ?? NO_PROXY),
      log,
      host: '127.0.0.1',
      port: 0,
    }),
  );
  server.admit();
  const owned = stack.move();
  return {
    url: server.url,
    apiKey,
    database,
    runtimes,
    browserRoot,
    dataDir,
    logged,
    call: caller(server.url, apiKey),
    callAsOther: caller(server.url, otherKey),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Every browser is launched when it is asked for: for tests that count processes. */
export const NO_WARM = { min: 0, max: 0 };

/** Few, since every file of tests has a service; none where the whole suite is to run without. */
function warmByDefault(): LocalNodeOptions['warm'] {
  const { max } = loadConfig().warm;
  return { min: Math.min(1, max), max: Math.min(2, max) };
}

/** An error of the service is an error of the test, mostly. */
function record(logged: string[], line: string): void {
  logged.push(line);
  if (line.startsWith('{"level":50')) process.stderr.write(line);
}

async function createOtherOrganization(database: Database): Promise<string> {
  const other = await insertOrganization(database.db, 'other');
  const key = generateApiKey();
  await addApiKey(database.db, other.id, 'test', key);
  return key;
}
