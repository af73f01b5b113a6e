import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { bootstrap } from '../db/bootstrap.ts';
import { openDatabase, type DatabaseAddress, type Db } from '../db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../db/embedded.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { createExtensionStore } from '../db/queries/browser-extensions.ts';
import { createProfileStore } from '../db/queries/profile-versions.ts';
import { createRuntimeStore } from '../db/queries/runtimes.ts';
import type { SecretBox } from '../db/secret-box.ts';
import {
  ensureChromedriver,
  EgressPolicy,
  ensureChromium,
  examine,
  Extensions,
  LocalNode,
  openStorage,
  OwnPorts,
  Profiles,
  reconcile,
  RuntimeManager,
  type LocalNodeOptions,
  type ObjectStorage,
} from '../runtime-manager/index.ts';
import { banner } from './banner.ts';
import { browserRoot, loadConfig, type Config } from './config.ts';
import { openDataDirectory } from './data-directory.ts';
import { IdempotentAnswers } from './idempotent-answers.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { createPublicAddress } from './public-address.ts';
import { openSecrets } from './secrets.ts';
import { openServer } from './server.ts';

/** Opens everything from the ground up, serves until told to end, and closes in reverse. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLogger(config.logLevel);
  for (const name of config.unknownVariables) log.warn(`${name} is no variable of this service`);
  const ending = endSignal();

  await using stack = new AsyncDisposableStack();
  const { nodeId } = stack.use(await openDataDirectory(config.dataDir));
  if (config.databaseUrl === undefined) stack.use(await openEmbeddedPostgres(config.dataDir));
  const database = stack.use(await openDatabase(addressOf(config)));
  await migrateDatabase(database);
  const secrets = await openSecrets(config, database.db);
  const store = createRuntimeStore(database, secrets, config);
  await reconcile(store, nodeId, log);
  const { storage, profiles } = await openProfiles(config, database.db, secrets, log);
  const root = browserRoot(config, nodeId);
  const ownPorts = new OwnPorts(config.ownServices);
  const egressPolicy = new EgressPolicy({ allow: config.egressAllow, ownPorts });
  const egress = { policy: egressPolicy, ownPorts, proxyTimeoutMs: config.proxyTimeoutMs };
  const node = stack.use(await openNode(config, nodeId, { storage, egress, log }));
  const extensions = openExtensions(config, database.db, node, storage);
  await takeOver(config, profiles);
  const metrics = createMetrics();
  const { meter } = metrics;
  const runtimes = new RuntimeManager({ ...config, node, store, profiles, extensions, meter, log });
  metrics.show({ runtimes, node });
  const answers = stack.use(await IdempotentAnswers.open(database.db, nodeId, log));
  const server = stack.use(
    await openServer({
      ...config,
      database,
      runtimes,
      profiles,
      extensions,
      egressPolicy,
      secrets,
      states: node.states,
      uploadDir: uploadDir(config),
      answers,
      metrics,
      addressOf: createPublicAddress(config),
      ownPorts,
      log,
      examine: () => examine({ store, nodeId, root, servicePid: process.pid }),
    }),
  );
  // Ended before the server: meanwhile it answers that it is shutting down, and clients that hold
  // connections are told to go.
  stack.use(runtimes);
  // Last, so that a key is not made by a start that fails and never shows it.
  greet(server.url, await bootstrap(database, config.apiKey), log);

  log.info({ signal: await ending }, 'shutting down');
  limitShutdown(config.shutdownGraceMs);
}

function greet(url: string, newApiKey: string | undefined, log: Logger): void {
  log.info({ url }, 'listening');
  process.stdout.write(banner({ url, newApiKey }));
}

/** What is still hanging after this is left for the next start to repair. */
function limitShutdown(graceMs: number): void {
  setTimeout(() => process.exit(1), graceMs).unref();
}

function addressOf({ databaseUrl, dataDir }: Config): DatabaseAddress {
  return databaseUrl === undefined ? embeddedAddress(dataDir) : { url: databaseUrl };
}

async function openProfiles(config: Config, db: Db, secrets: SecretBox, log: Logger) {
  const storage = await openStorage(config.s3, join(config.dataDir, 'objects'));
  const store = createProfileStore(db, secrets);
  return { storage, profiles: new Profiles({ ...config, store, storage, log }) };
}

async function openNode(
  config: Config,
  id: string,
  { storage, egress, log }: Pick<LocalNodeOptions, 'storage' | 'egress' | 'log'>,
) {
  return LocalNode.open({
    ...config,
    ...(await ensureExecutables(config, log)),
    id,
    storage,
    egress,
    maxLaunches: config.admission.maxLaunches,
    maxExtensions: config.ceilings.extensions,
    extensionRoot: join(config.dataDir, 'extensions'),
    root: browserRoot(config, id),
    checkoutRoot: checkoutRoot(config),
    env: config.browserEnv,
    log,
  });
}

function openExtensions(config: Config, db: Db, node: LocalNode, storage: ObjectStorage) {
  return new Extensions({
    store: createExtensionStore(db),
    storage,
    workDir: uploadDir(config),
    tryOut: (directory) => node.trials.tryOut(directory),
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
  return { executablePath, chromedriverPath };
}

/** Resolves with the first signal to end; a second one ends the process at once. */
async function endSignal(): Promise<string> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  return Promise.race(
    signals.map(async (signal) => {
      await once(process, signal);
      for (const again of signals) process.once(again, () => process.exit(1));
      return signal;
    }),
  );
}

// Who reads our output may leave; that is no reason to stop.
process.stdout.on('error', () => undefined);
try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`bctrl: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
