import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { bootstrap } from '../db/bootstrap.ts';
import { openDatabase, type Database, type DatabaseAddress } from '../db/client.ts';
import { embeddedAddress, type EmbeddedPostgres } from '../db/embedded.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { createExtensionStore } from '../db/queries/browser-extensions.ts';
import { createProfileStore } from '../db/queries/profile-versions.ts';
import { createRuntimeStore } from '../db/queries/runtimes.ts';
import {
  diagnose,
  EgressPolicy,
  Extensions,
  onlyNode,
  Profiles,
  reconcile,
  ReservedPorts,
  RuntimeManager,
  Tickets,
  WakeUps,
} from '../runtime-manager/index.ts';
import { browserRoots, type Config } from './config/config.ts';
import { openDataDirectory } from './config/data-directory.ts';
import { createLogger } from './config/logger.ts';
import { openSecrets } from './config/secrets.ts';
import { IdempotentAnswers } from './http/idempotent-answers.ts';
import { createMetrics } from './http/metrics.ts';
import { createPublicAddress } from './http/public-address.ts';
import { openServer } from './http/server.ts';
import { openLocalNode, type OpenNode } from './local-node.ts';
import { openRetention } from './retention.ts';

/** What a service is opened with beside its configuration; the rest is made as that says. */
export interface ServiceParts {
  log?: Logger;
  /** Not started yet; closed with the service. For where no `databaseUrl` is configured. */
  postgres?: EmbeddedPostgres | undefined;
  /** One that is up to date, and the caller's to close. */
  database?: Database;
  /** Opens what owns the runtimes; without it, that is this machine. */
  openNode?: OpenNode;
  /** What is opened is closed with it, also what a start has that is given up. */
  stack?: AsyncDisposableStack;
}

export interface Service extends AsyncDisposable {
  /** The address it listens on, without a path. */
  url: string;
  /** Of the first organization, when this start made it. */
  newApiKey: string | undefined;
  /** Where its browsers have their directories. */
  browserRoot: string;
}

/** Opens everything from the ground up, and admits clients. Rejects with one sentence. */
export async function openService(config: Config, parts: ServiceParts = {}): Promise<Service> {
  const stack = parts.stack ?? new AsyncDisposableStack();
  try {
    const log = parts.log ?? createLogger(config.logLevel);
    const opened = await open(config, { ...parts, log }, stack);
    return { ...opened, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function open(
  config: Config,
  parts: ServiceParts & { log: Logger },
  stack: AsyncDisposableStack,
): Promise<Omit<Service, keyof AsyncDisposable>> {
  const { log } = parts;
  const { nodeId } = stack.use(await openDataDirectory(config.dataDir));
  const database = parts.database ?? (await openOwnDatabase(config, parts.postgres, stack));
  const secrets = await openSecrets(config, database.db);
  await secrets.register(database.db);
  const core = { ...config, log, nodeId, database, secrets };
  const { node, runtimes, ...opened } = await openCore(core, parts, stack);
  const answers = stack.use(await IdempotentAnswers.open(database.db, nodeId, log));
  const server = stack.use(
    await openServer({
      ...core,
      ...opened,
      runtimes,
      uploadDir: uploadDir(config),
      answers,
      addressOf: createPublicAddress(config),
    }),
  );
  // Ended before the server: meanwhile it answers that it is shutting down, and clients that hold
  // connections are told to go.
  stack.use(runtimes);
  stack.use(node);
  // When the address is ours, so that a key is not made by a start that fails and never shows it.
  const newApiKey = await bootstrap(database, config.apiKey);
  server.admit();
  const { root: browserRoot } = browserRoots(config, nodeId);
  return { url: server.url, newApiKey, browserRoot };
}

async function openOwnDatabase(
  { databaseUrl, dataDir }: Config,
  postgres: EmbeddedPostgres | undefined,
  stack: AsyncDisposableStack,
): Promise<Database> {
  stack.use(postgres);
  await postgres?.start();
  const address: DatabaseAddress =
    databaseUrl === undefined ? embeddedAddress(dataDir) : { url: databaseUrl };
  const database = stack.use(await openDatabase(address));
  await migrateDatabase(database);
  return database;
}

type Ground = Config & {
  log: Logger;
  nodeId: string;
  database: Database;
  secrets: Awaited<ReturnType<typeof openSecrets>>;
};

/** The rules of the business, and the node below them. */
async function openCore(ground: Ground, parts: ServiceParts, stack: AsyncDisposableStack) {
  const { database, secrets, nodeId, log } = ground;
  const store = createRuntimeStore(database, secrets, ground);
  await reconcile(store, nodeId, log);
  const { storage, preview } = stack.use(await openRetention(ground, database.db, nodeId, log));
  const profileStore = createProfileStore(database.db, secrets);
  const profiles = new Profiles({ ...ground, storage, store: profileStore });
  const reservedPorts = new ReservedPorts(ground.reservedServices);
  const egressPolicy = new EgressPolicy({ allow: ground.egressAllow, reservedPorts });
  const extensions = new Extensions({
    store: createExtensionStore(database.db),
    storage,
    workDir: uploadDir(ground),
    tryOut: (directory) => opened.tryOut(directory),
  });
  const metrics = createMetrics(ground.version);
  const wakeUps = new WakeUps();
  const core = { ...ground, store, profiles, extensions, wakeUps };
  const checkoutRoot = join(ground.dataDir, 'checkouts');
  const openNode = parts.openNode ?? openLocalNode;
  const opened = await openNode(
    { ...core, storage, checkoutRoot, egressPolicy, reservedPorts, metrics },
    stack,
  );
  // What a crash left is kept if it may be of use, and else removed.
  await profiles.recover(checkoutRoot);
  await rm(uploadDir(ground), { recursive: true, force: true });
  const { node, states, jail } = opened;
  const tickets = new Tickets(secrets.ticketKeys);
  const runtimes = new RuntimeManager({ ...core, nodes: onlyNode(node), tickets });
  const place = { nodeId, servicePid: process.pid, ...browserRoots(ground, nodeId) };
  return {
    profiles,
    extensions,
    node,
    runtimes,
    metrics,
    egressPolicy,
    reservedPorts,
    states,
    jail,
    diagnose: () => diagnose({ store, ...preview, ...place }),
  };
}

function uploadDir({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'uploads');
}
