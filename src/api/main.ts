import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { bootstrap } from '../db/bootstrap.ts';
import { openDatabase, type Database, type DatabaseAddress, type Db } from '../db/client.ts';
import { embeddedAddress, EmbeddedPostgres } from '../db/embedded.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { createExtensionStore } from '../db/queries/browser-extensions.ts';
import { createProfileStore } from '../db/queries/profile-versions.ts';
import { createRuntimeStore } from '../db/queries/runtimes.ts';
import type { SecretBox } from '../db/secret-box.ts';
import {
  ensureChromedriver,
  findFfmpeg,
  EgressPolicy,
  diagnose,
  ensureChromium,
  Extensions,
  killDescendants,
  LocalNode,
  openJail,
  OwnPorts,
  programPaths,
  Profiles,
  reconcile,
  RuntimeManager,
  type ForwarderOptions,
  type LocalNodeOptions,
  type ObjectStorage,
} from '../runtime-manager/index.ts';
import { banner } from './cli/banner.ts';
import { browserRoots, loadConfig, type Config } from './config/config.ts';
import { openDataDirectory } from './config/data-directory.ts';
import { Ending } from './shutdown.ts';
import { IdempotentAnswers } from './http/idempotent-answers.ts';
import { createLogger } from './config/logger.ts';
import { createMetrics } from './http/metrics.ts';
import { createPublicAddress } from './http/public-address.ts';
import { openRetention } from './retention.ts';
import { openSecrets } from './config/secrets.ts';
import { openServer } from './http/server.ts';

/** What records cannot be written for is left to the next start. */
const NO_DATABASE_GRACE_MS = 5000;
const HELP = `usage: npm start

  Starts bctrl, which is told everything by environment variables: README.md lists them.
  PORT=8787 and HOST=127.0.0.1 are where it listens.
`;

/** Opens everything, serves until told to end, and closes in reverse. Ends the process. */
async function main(): Promise<never> {
  const config = loadConfig();
  const log = createLogger(config.logLevel);
  for (const sentence of config.unknownVariables) log.warn(sentence);
  const postgres =
    config.databaseUrl === undefined ? new EmbeddedPostgres(config.dataDir, log) : undefined;
  const ending = new Ending({
    log,
    kill: async () => {
      await postgres?.quit();
      killDescendants(process.pid);
    },
  });
  let failure: unknown;
  try {
    await using stack = new AsyncDisposableStack();
    const serving = serve(config, postgres, log, stack);
    serving.catch(() => undefined);
    await Promise.race([serving.then(() => ending.allow(config.shutdownGraceMs)), ending.asked]);
    failure = await Promise.race([
      ending.asked.then(() => undefined),
      postgres?.failed ?? ending.asked.then(() => undefined),
    ]);
    if (failure !== undefined) {
      // Now, since the end may not be one in order.
      complain(failure);
      ending.allow(NO_DATABASE_GRACE_MS);
      ending.ask('the embedded Postgres is gone');
    }
  } catch (error) {
    failure = error;
    complain(error);
  }
  // A start that was given up may still be making something.
  return ending.now(failure === undefined ? 0 : 1);
}

/** Opens everything from the ground up; what is opened is closed with `stack`. */
async function serve(
  config: Config,
  postgres: EmbeddedPostgres | undefined,
  log: Logger,
  stack: AsyncDisposableStack,
): Promise<void> {
  const { nodeId } = stack.use(await openDataDirectory(config.dataDir));
  stack.use(postgres);
  await postgres?.start();
  const database = stack.use(await openMigrated(config));
  const secrets = await openSecrets(config, database.db);
  const store = createRuntimeStore(database, secrets, config);
  await reconcile(store, nodeId, log);
  const { storage, preview } = stack.use(await openRetention(config, database.db, nodeId, log));
  const profiles = openProfiles(config, database.db, { secrets, storage, log });
  const egress = egressOf(config);
  const parts = { id: nodeId, storage, egress, log };
  const { node, jail } = stack.use(await openMachine(config, parts));
  const extensions = openExtensions(config, database.db, { node, storage, room: () => runtimes });
  await takeOver(config, profiles);
  const metrics = createMetrics(config.version);
  const { meter } = metrics;
  const runtimes = new RuntimeManager({ ...config, node, store, profiles, extensions, meter, log });
  metrics.show({ runtimes, node, jailLevel: jail.level });
  const answers = await IdempotentAnswers.open(database.db, nodeId, log);
  const server = stack.use(
    await openServer({
      ...config,
      database,
      runtimes,
      profiles,
      extensions,
      egressPolicy: egress.policy,
      secrets,
      states: node.states,
      uploadDir: uploadDir(config),
      answers,
      metrics,
      jail,
      addressOf: createPublicAddress(config),
      ownPorts: egress.ownPorts,
      log,
      diagnose: () => diagnose({ store, ...preview, ...placeOf(config, nodeId) }),
    }),
  );
  // Ended before the server: meanwhile it answers that it is shutting down, and clients that hold
  // connections are told to go.
  stack.use(runtimes);
  // When the address is ours, so that a key is not made by a start that fails and never shows it.
  const newApiKey = await bootstrap(database, config.apiKey);
  server.admit();
  greet(server.url, newApiKey, config, log);
}

/** What of the machine is this service's. */
function placeOf(config: Config, nodeId: string) {
  return { nodeId, servicePid: process.pid, ...browserRoots(config, nodeId) };
}

function greet(url: string, newApiKey: string | undefined, { version }: Config, log: Logger): void {
  log.info({ url, version }, 'listening');
  process.stdout.write(banner({ url, newApiKey }));
}

async function openMigrated(config: Config): Promise<Database> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openDatabase(addressOf(config)));
  await migrateDatabase(database);
  stack.move();
  return database;
}

function addressOf({ databaseUrl, dataDir }: Config): DatabaseAddress {
  return databaseUrl === undefined ? embeddedAddress(dataDir) : { url: databaseUrl };
}

function openProfiles(
  config: Config,
  db: Db,
  parts: { secrets: SecretBox; storage: ObjectStorage; log: Logger },
) {
  const store = createProfileStore(db, parts.secrets);
  return new Profiles({ ...config, ...parts, store });
}

function egressOf(config: Config): ForwarderOptions {
  const ownPorts = new OwnPorts(config.ownServices);
  const policy = new EgressPolicy({ allow: config.egressAllow, ownPorts });
  return { policy, ownPorts, proxyTimeoutMs: config.proxyTimeoutMs };
}

/** This machine as it runs browsers: the programs, the jail they run in, the node. */
async function openMachine(
  config: Config,
  parts: Pick<LocalNodeOptions, 'id' | 'storage' | 'egress' | 'log'>,
) {
  await using stack = new AsyncDisposableStack();
  const executables = await ensureExecutables(config, parts.log);
  const { jail, missing } = stack.use(
    await openJail({
      ...parts,
      mode: config.jailMode,
      searchPath: config.searchPath,
      paths: await programPaths(Object.values(executables)),
      limits: config.runtimeLimits,
      ownPorts: parts.egress.ownPorts,
    }),
  );
  const node = stack.use(
    await LocalNode.open({
      ...config,
      ...executables,
      ...parts,
      jail,
      directoryBytes: config.runtimeLimits.diskBytes,
      maxLaunches: config.admission.maxLaunches,
      maxExtensions: config.ceilings.extensions,
      extensionRoot: join(config.dataDir, 'extensions'),
      ...browserRoots(config, parts.id),
      checkoutRoot: checkoutRoot(config),
      env: config.browserEnv,
    }),
  );
  const owned = stack.move();
  const lacks = node.hasSandbox
    ? []
    : ['Chromium runs without its own sandbox: it cannot have it here'];
  return {
    node,
    jail: { level: jail.level, missing: [...missing, ...lacks] },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface ExtensionParts {
  node: LocalNode;
  storage: ObjectStorage;
  /** Who admits the trials of extensions. */
  room: () => RuntimeManager;
}

function openExtensions(config: Config, db: Db, { node, storage, room }: ExtensionParts) {
  return new Extensions({
    store: createExtensionStore(db),
    storage,
    workDir: uploadDir(config),
    tryOut: (directory) => node.trials.tryOut(directory, (work) => room().admit(work)),
  });
}

/** What a crash left is kept if it may be of use, and else removed. */
async function takeOver(config: Config, profiles: Profiles): Promise<void> {
  await profiles.recover(checkoutRoot(config));
  await rm(uploadDir(config), { recursive: true, force: true });
}

function uploadDir({ dataDir }: Config): string {
  return join(dataDir, 'uploads');
}

function checkoutRoot({ dataDir }: Config): string {
  return join(dataDir, 'checkouts');
}

async function ensureExecutables(config: Config, log: Logger) {
  const { chromiumPath, searchPath } = config;
  const executablePath = await ensureChromium(chromiumPath, searchPath, log);
  const chromedriverPath = await ensureChromedriver(
    config.chromedriverPath,
    searchPath,
    executablePath,
    log,
  );
  const ffmpegPath = await findFfmpeg(config.ffmpegPath, searchPath);
  return { executablePath, chromedriverPath, ffmpegPath };
}

function complain(error: unknown): void {
  process.stderr.write(`bctrl: ${error instanceof Error ? error.message : String(error)}\n`);
}

// Whoever reads our output may leave; that is no reason to stop.
process.stdout.on('error', () => undefined);
try {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) process.stdout.write(HELP);
  else await main();
} catch (error) {
  complain(error);
  process.exitCode = 1;
}
