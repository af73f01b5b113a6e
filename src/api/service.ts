import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { bootstrap } from '../db/bootstrap.ts';
import { openDatabase, type Database, type DatabaseAddress } from '../db/client.ts';
import { embeddedAddress, type EmbeddedPostgres } from '../db/embedded.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { createAuditStore } from '../db/queries/audit-entries.ts';
import { createExtensionStore } from '../db/queries/browser-extensions.ts';
import { isDatabaseUnavailable } from '../db/queries/database-errors.ts';
import { createFileStore } from '../db/queries/files.ts';
import { createOperationStore } from '../db/queries/operations.ts';
import { createRecordingStore } from '../db/queries/recordings.ts';
import { createProfileStore } from '../db/queries/profile-versions.ts';
import { createRuntimeStore } from '../db/queries/runtimes.ts';
import { createDeliveryStore } from '../db/queries/webhook-deliveries.ts';
import type { Sealing } from '../db/sealing.ts';
import {
  AuditTrail,
  CapacityHistory,
  type CapacitySource,
  diagnose,
  downloadPackage,
  Drain,
  EgressPolicy,
  Extensions,
  FileRemoval,
  onlyNode,
  OnlyNodeControl,
  Profiles,
  reconcile,
  ReservedPorts,
  RuntimeManager,
  Sender,
  Tickets,
  WakeUps,
} from '../runtime-manager/index.ts';
import { PLAIN_RECORDING } from '../runtime-manager/runtime/index.ts';
import { cachedFigures } from './cached-figures.ts';
import type { Cluster } from './cluster.ts';
import { browserRoots, type Config } from './config/config.ts';
import { isLoopback } from './config/settings/setting.ts';
import { Sessions } from './console/sessions.ts';
import { SignInLink } from './console/sign-in-link.ts';
import { openDataDirectory } from './config/data-directory.ts';
import { createLogger } from './config/logger.ts';
import { openSecrets } from './config/secrets.ts';
import { IdempotentAnswers } from './http/idempotent-answers.ts';
import { Precedence } from '../runtime-manager/timing/precedence.ts';
import { spanIds } from '../runtime-manager/tracing/tracing.ts';
import { createMetrics, type Metrics } from './http/metrics.ts';
import { createPublicAddress } from './http/public-address.ts';
import { openHealthServer, openServer, type ApiServer } from './http/server.ts';
import { leave } from './leave.ts';
import { openLocalNode, type OpenedNode, type OpenNode } from './local-node.ts';
import { openRetention } from './retention.ts';
import { openVerbs, uploadDir } from './verbs.ts';
import { DeliveryThread } from './webhooks/delivery-thread.ts';

/** How long the database may take to say that it is there. */
const PING_TIMEOUT_MS = 2000;

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
  /** What signs in to the console once, with that key; undefined where others could use it. */
  signInToken: string | undefined;
  /** Where its browsers have their directories. */
  browserRoot: string;
  /** Has others take over; resolves when it may be closed. Where it has nobody to wait for, that is at once. */
  leave: () => Promise<void>;
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
  await openTelemetry({ ...config, nodeId, log }, stack);
  const database = parts.database ?? (await openOwnDatabase(config, parts.postgres, stack));
  const secrets = await openSecrets(config, database.db);
  await secrets.register(database.db);
  const tickets = new Tickets(secrets.ticketKeys);
  const metrics = createMetrics({ ...config, exemplar: traceOfNow });
  const signInLink = new SignInLink();
  const precedence = new Precedence();
  const kept = { database, secrets, tickets, metrics, signInLink, precedence };
  const ground = { ...config, ...kept, log, nodeId };
  metrics.showDatabase(cachedFigures({ figures: () => isAnswering(database) }));
  const others = await openCluster(ground, stack);
  const core = await openCore({ ...ground, others }, parts, stack);
  const { node, drain } = core;
  // They have an owner from the start, also when the server cannot be opened.
  await using ended = new AsyncDisposableStack();
  const runtimes = openRuntimes({ ...ground, ...core, others }, ended);
  ended.use(runtimes);
  ended.use(node);
  await using served = new AsyncDisposableStack();
  const server = served.use(await openServerOf({ ...ground, ...core, others, runtimes }, stack));
  const joined =
    others && node && drain
      ? ended.use(await others.joinAsNode({ ...core, node, drain, url: server.url }, stack))
      : undefined;
  if (config.role === 'api') await others?.joinAsApi(server.url, stack);
  if (config.role !== 'node') others?.watch(core.wakeUps, stack);
  // Runtimes end before the server: meanwhile the server answers that it is shutting down, and
  // clients that hold connections are told to go. Then the process leaves the others.
  stack.use(served.move());
  stack.use(ended.move());
  // The key is made once the address is ours, so that no start makes one, then fails and never
  // shows it.
  const isServed = config.role !== 'node';
  const newApiKey = isServed ? await bootstrap(database, config.apiKey) : undefined;
  const signInToken =
    newApiKey !== undefined && isLoopback(config.host) ? signInLink.issue(newApiKey) : undefined;
  server.admit();
  const { root: browserRoot } = browserRoots(config, nodeId);
  return {
    url: server.url,
    newApiKey,
    signInToken,
    browserRoot,
    leave: () => leave({ ...config, server, drain: joined ?? drain }),
  };
}

/** Closed last, so that it has seen all ends. Without an endpoint nothing of it is even loaded. */
async function openTelemetry(
  { tracing, ...process }: Pick<Config, 'tracing' | 'version'> & { nodeId: string; log: Logger },
  stack: AsyncDisposableStack,
): Promise<void> {
  if (!tracing) return;
  const { Telemetry } = await import('./telemetry/telemetry.ts');
  stack.use(Telemetry.open({ ...process, ...tracing }));
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

async function isAnswering(database: Database): Promise<boolean> {
  await database.ping(PING_TIMEOUT_MS);
  return true;
}

type Ground = Config & {
  log: Logger;
  nodeId: string;
  database: Database;
  secrets: Sealing;
  tickets: Tickets;
  metrics: Metrics;
  signInLink: SignInLink;
  /** Requests of clients go before what is sent to webhooks. */
  precedence: Precedence;
};

type WithOthers = Ground & {
  /** The processes of the cluster; undefined: this process is alone. */
  others: Cluster | undefined;
};

/** What a process that is alone has no use for is not even loaded. */
async function openCluster(
  ground: Ground,
  stack: AsyncDisposableStack,
): Promise<Cluster | undefined> {
  if (!ground.cluster) return undefined;
  const { Cluster } = await import('./cluster.ts');
  return Cluster.open(ground, ground.cluster, stack);
}

/** What is kept, and the node that works with it; without one, the nodes of others do. */
async function openCore(ground: WithOthers, parts: ServiceParts, stack: AsyncDisposableStack) {
  const { database, secrets, nodeId, log, others } = ground;
  const store = createRuntimeStore(database, secrets, ground);
  const fileStore = createFileStore(database.db);
  const recordingStore = createRecordingStore(database.db);
  const operationStore = createOperationStore(database.db);
  await reconcile(store, nodeId, log);
  await fileStore.failArriving(nodeId);
  await operationStore.interrupt(nodeId);
  const { storage, preview } = stack.use(await openRetention(ground, database.db, nodeId, log));
  const fileRemoval = stack.use(new FileRemoval({ store: fileStore, storage, log }));
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
  const wakeUps = stack.use(new WakeUps(others?.relay));
  const checkoutRoot = join(ground.dataDir, 'checkouts');
  const stores = { store, fileStore, recordingStore, operationStore };
  const policies = { reservedPorts, egressPolicy };
  const core = { ...stores, ...policies, storage, fileRemoval, profiles, extensions, wakeUps };
  const openNode = parts.openNode ?? openLocalNode;
  const opened: Browsers =
    others && ground.role === 'api'
      ? others.withoutNode(storage)
      : await openNode({ ...ground, ...core, checkoutRoot }, stack);
  // What a crash left is kept if it may be of use, and else removed.
  await profiles.recover(checkoutRoot);
  await rm(uploadDir(ground), { recursive: true, force: true });
  const { node } = opened;
  const drain = node && stack.use(new Drain({ node, limitMs: ground.drainMs, log }));
  const place = { nodeId, servicePid: process.pid, ...browserRoots(ground, nodeId) };
  const looksAfter = () => diagnose({ store, ...preview, ...place });
  const none = { node: undefined, jail: undefined, converter: undefined };
  return { ...none, ...opened, ...core, drain, diagnose: looksAfter };
}

/** What does the work with browsers: the node of this process, or the nodes of others. */
type Browsers = Pick<OpenedNode, 'states' | 'tryOut'> & Partial<OpenedNode>;

type Opened = WithOthers & Awaited<ReturnType<typeof openCore>>;

/** Undefined in a process that has no clients. */
function openRuntimes(opened: Opened, stack: AsyncDisposableStack): RuntimeManager | undefined {
  const { role, others, node } = opened;
  if (role === 'node') return undefined;
  const nodes = others ? stack.use(others.nodes(node, opened)) : node && onlyNode(node);
  if (!nodes) throw new Error('there is no node');
  const { timeLimits, recording } = opened;
  const usual = { timeLimits, recording: recording.isDefault ? PLAIN_RECORDING : undefined };
  return new RuntimeManager({ ...opened, nodes, usual });
}

/** The server of clients, or in a process without clients, one that tells how it is. */
async function openServerOf(
  { runtimes, ...opened }: Opened & { runtimes: RuntimeManager | undefined },
  stack: AsyncDisposableStack,
): Promise<ApiServer> {
  const { others: bus, node, database, nodeId, log } = opened;
  if (runtimes) {
    const answers = stack.use(await IdempotentAnswers.open(database.db, nodeId, log));
    const audit = stack.use(openAudit(opened));
    const { egressPolicy: policy, version } = opened;
    const sender = stack.use(new Sender({ policy, version }));
    openDeliveries(opened, stack);
    const verbs = openVerbs({ ...opened, sender, runtimes });
    const operated = openOperated(opened, stack);
    const asked = {
      addressOf: createPublicAddress(opened),
      sessions: new Sessions(opened.secrets.sessionKeys),
    };
    return openServer({
      ...opened,
      ...verbs,
      ...operated,
      ...asked,
      audit,
      bus,
      runtimes,
      answers,
    });
  }
  if (!node) throw new Error('there is no node');
  return openHealthServer({ ...opened, bus, runtimes: node });
}

/** What leads from a sample of a metric to its trace. */
function traceOfNow(): { trace_id: string } | undefined {
  const { trace_id } = spanIds();
  return trace_id === undefined ? undefined : { trace_id };
}

function openAudit({ database, metrics, log }: Ground): AuditTrail {
  const store = createAuditStore(database.db);
  return new AuditTrail({ store, isAway: isDatabaseUnavailable, metrics: metrics.audit, log });
}

/** What tells webhooks of what happens, and of all that other processes did not tell. */
function openDeliveries(opened: Opened, stack: AsyncDisposableStack): void {
  const { egressPolicy: policy, version, database, secrets, wakeUps, log } = opened;
  const parts = {
    address: database.address,
    keys: secrets.openingKeys,
    precedence: opened.precedence.shared,
    version,
  };
  const store = createDeliveryStore(database, secrets);
  const metrics = opened.metrics.webhooks;
  stack.use(new DeliveryThread({ parts, store, policy, wakeUps, metrics, log }));
}

/** What operators see and do. */
function openOperated(
  { others, node, drain, version: build, metrics, fileStore, fileLimits }: Opened,
  stack: AsyncDisposableStack,
) {
  const nodeControl =
    others?.control ?? (node && drain && new OnlyNodeControl({ node, drain, build }));
  if (!nodeControl) throw new Error('there is no node');
  const alone: CapacitySource = {
    nodes: () => (node ? [{ ...node.capacity, nodeId: node.id }] : []),
    waiting: async () => undefined,
  };
  const capacity = stack.use(new CapacityHistory(others?.capacity ?? alone));
  others?.show(capacity);
  const figures = () => fileStore.totals(fileLimits.organizationBytes);
  metrics.showStorage(cachedFigures({ figures }));
  return { nodeControl, capacity };
}
