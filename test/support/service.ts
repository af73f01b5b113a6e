import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { inject } from 'vitest';
import type { Executables } from '../../src/api/config/executables.ts';
import { openLocalNode, type OpenedNode, type OpenNode } from '../../src/api/local-node.ts';
import { openService, type Service } from '../../src/api/service.ts';
import { uploadDir } from '../../src/api/verbs.ts';
import type { Database } from '../../src/db/client.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import type { LocalNode } from '../../src/runtime-manager/index.ts';
import { openTestDatabase } from './database.ts';
import { openFakeNode } from './open-fake-node.ts';
import { caller, type Call } from './http.ts';
import { addKey } from './keys.ts';
import { configFor, type Settings } from './settings.ts';

/** A service as `npm start` opens it, with a database of its own and a free port. */
export interface TestService extends Omit<Service, 'newApiKey'> {
  apiKey: string;
  /** Where its node tells how it is. */
  nodeUrl: string;
  database: Database;
  /** Where its archives and checkouts lie. */
  dataDir: string;
  /** Where what clients upload lies until it is taken. */
  uploadDir: string;
  /** Log lines so far, as they would be written. */
  logged: string[];
  call: Call;
  /** The key of another organization. */
  otherKey: string;
  /** Calls as another organization. */
  callAsOther: Call;
}

/** A service whose runtimes have browsers. */
export interface BrowserService extends TestService, Pick<OpenedNode, 'states' | 'tryOut'> {
  node: LocalNode;
}

export type TestServiceOptions = Settings & { executables?: Partial<Executables> };

/** What test services are opened with beside their settings. */
export interface ServiceGround {
  log: Logger;
  openNode: OpenNode;
  /** A directory that goes with the service. */
  newDirectory: () => Promise<string>;
}

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
  const newDirectory = async () => {
    const { path } = stack.use(await mkdtempDisposable(join(tmpdir(), 'bctrl-')));
    return path;
  };
  const [dataDir, browserDir] = await Promise.all([newDirectory(), newDirectory()]);
  const ground = { log, openNode, newDirectory };
  const openAll = inject('isClustered') ? await clustered() : openAlone;
  const service = await openAll({ ...settings, dataDir, browserDir }, ground, stack);
  const { database } = service;
  const apiKey = service.newApiKey ?? 'none';
  const otherKey = await createOtherOrganization(database);
  const owned = stack.move();
  return {
    ...service,
    apiKey,
    dataDir,
    logged,
    call: caller(service.url, apiKey),
    otherKey,
    callAsOther: caller(service.url, otherKey),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openAlone(
  settings: Settings,
  { log, openNode }: ServiceGround,
  stack: AsyncDisposableStack,
) {
  const database = stack.use(await openTestDatabase());
  const config = configFor(settings);
  const service = stack.use(await openService(config, { log, database, openNode }));
  return { ...service, nodeUrl: service.url, database, uploadDir: uploadDir(config) };
}

/** Most tests have no use for what a cluster needs. */
async function clustered() {
  const { openClusteredService } = await import('./clustered-service.ts');
  return openClusteredService;
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
