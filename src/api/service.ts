import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { bootstrap } from '../db/bootstrap.ts';
import { openDatabase, type Database, type DatabaseAddress } from '../db/client.ts';
import { embeddedAddress, type EmbeddedPostgres } from '../db/embedded.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { createApiKeyStore } from '../db/queries/api-keys.ts';
import { createExtensionStore } from '../db/queries/browser-extensions.ts';
import { createBrowserProfileStore } from '../db/queries/browser-profiles.ts';
import { createProfileStore } from '../db/queries/profile-versions.ts';
import { createRuntimeStore } from '../db/queries/runtimes.ts';
import { createWorkspaceStore } from '../db/queries/workspaces.ts';
import {
  BrowserProfiles,
  diagnose,
  downloadPackage,
  EgressPolicy,
  Extensions,
  onlyNode,
  Profiles,
  ProfileTransfers,
  reconcile,
  ReservedPorts,
  RuntimeManager,
  Tickets,
  WakeUps,
  type ProfileStates,
} from '../runtime-manager/index.ts';
import { ApiKeys, Workspaces } from '../runtime-manager/runtime/index.ts';
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

/** What a service is opened with besides its configuration; the rest is made as the configuration says. */
export interface ServiceParts {
  log?: Logger;
  /**
   * A server that is not started yet, for use where no `databaseUrl` is configured; closed with the
   * service.
   */
  postgres?: EmbeddedPostgres | undefined;
  /** A database that is up to date, and that the caller closes. */
  database?: Database;
  /** Opens what owns the runtimes; without it, that is this machine. */
  openNode?: OpenNode;
  /** Closes everything that is opened, also by a start that is given up. */
  stack?: AsyncDisposableStack;
}

export interface Service extends AsyncDisposable {
  /** The address it listens on, without a path. */
  url: string;
  /** The key of the first organization, when this start made it. */
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
  // They have an owner from here on, also when the server cannot be opened.
  await using ended = new AsyncDisposableStack();
  ended.use(runtimes);
  ended.use(node);
  const answers = stack.use(await IdempotentAnswers.open(database.db, nodeId, log));
  const server = stack.use(
    await openServer({
      ...core,
      ...opened,
      runtimes,
      answers,
      addressOf: createPublicAddress(config),
    }),
  );
  // The runtimes end before the server: meanwhile the server answers that it is shutting down, and
  // clients that hold connections are told to go.
  stack.use(ended.move());
  // The key is made once the address is ours, so that no start makes one, then fails and never
  // shows it.
  const newApiKey = await bootstrap(database, config.apiKey);
  server.admit();
  const { root: browserRoot } = browserRoots(config, nodeId);
  return { url: server.url, newApiKey, browserRoot };
}

async function openOwnDatabase(
  { databaseUrl, dataDir, databaseConnections: connections }: Config,
  postgres: EmbeddedPostgres | undefined,
  stack: AsyncDisposableStack,
): Promise<Database> {
  stack.use(postgres);
  await postgres?.start();
  const address: DatabaseAddress =
    databaseUrl === undefined ? embeddedAddress(dataDir) : { url: databaseUrl };
  const database = stack.use(await openDatabase(address, { connections }));
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
    download: (url, file) =>
      downloadPackage(url, file, { policy: egressPolicy, maxBytes: ground.extensionMaxBytes }),
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
    ...openVerbs(ground, { ...core, states, runtimes }),
    extensions,
    node,
    runtimes,
    metrics,
    reservedPorts,
    jail,
    diagnose: () => diagnose({ store, ...preview, ...place }),
  };
}

interface Core {
  runtimes: RuntimeManager;
  profiles: Profiles;
  extensions: Extensions;
  states: ProfileStates;
}

/** What customers do with what they keep. */
function openVerbs(
  { database: { db }, secrets, dataDir }: Ground,
  { runtimes, profiles, extensions, states }: Core,
) {
  const workspaceStore = createWorkspaceStore(db);
  const browserProfiles = new BrowserProfiles({
    store: createBrowserProfileStore(db, secrets),
    profiles,
    extensions,
    assertLocale: (locale) => runtimes.assertLocale(locale),
  });
  return {
    apiKeys: new ApiKeys({ store: createApiKeyStore(db), workspaces: workspaceStore }),
    workspaces: new Workspaces({
      store: workspaceStore,
      stopAll: (actor, workspaceId) => runtimes.stopAll(actor, workspaceId),
    }),
    browserProfiles,
    profileTransfers: new ProfileTransfers({
      browserProfiles,
      profiles,
      states,
      uploadDir: uploadDir({ dataDir }),
    }),
  };
}

function uploadDir({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'uploads');
}
