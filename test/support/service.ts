import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { inject } from 'vitest';
import { createPublicAddress, type AddressOptions } from '../../src/api/public-address.ts';
import { openServer } from '../../src/api/server.ts';
import { bootstrap } from '../../src/db/bootstrap.ts';
import type { Database } from '../../src/db/client.ts';
import { addApiKey, generateApiKey } from '../../src/db/queries/api-keys.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { LocalNode, RuntimeManager } from '../../src/runtime-manager/index.ts';
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
  /** Log lines so far, as they would be written. */
  logged: string[];
  call: Call;
  /** Calls as another organization. */
  callAsOther: Call;
}

const NO_PROXY: AddressOptions = { publicUrl: undefined, trustedProxies: [] };

export interface TestServiceOptions {
  /** Empty: there is none. */
  chromedriverPath?: string;
  address?: AddressOptions;
  executablePath?: string;
  launchTimeoutMs?: number;
  ticketTtlMs?: number;
}

export async function openTestService(options: TestServiceOptions = {}): Promise<TestService> {
  await using stack = new AsyncDisposableStack();
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => record(logged, line) });
  const browserRoot = await mkdtemp(join(tmpdir(), 'bctrl-'));
  stack.defer(() => rm(browserRoot, { recursive: true, force: true }));
  const database = stack.use(await openTestDatabase());
  const apiKey = (await bootstrap(database, undefined)) ?? 'none';
  const otherKey = await createOtherOrganization(database);
  const node = stack.use(
    await LocalNode.open({
      id: randomUUID(),
      executablePath: options.executablePath ?? inject('chromiumPath'),
      chromedriverPath: (options.chromedriverPath ?? inject('chromedriverPath')) || undefined,
      root: browserRoot,
      env: { PATH: '/usr/bin:/bin' },
      launchTimeoutMs: options.launchTimeoutMs ?? 20_000,
      log,
    }),
  );
  const store = createRuntimeStore(database.db);
  const ticketTtlMs = options.ticketTtlMs ?? 60_000;
  const runtimes = stack.use(new RuntimeManager({ node, store, ticketTtlMs, log }));
  const server = stack.use(
    await openServer(
      { database, runtimes, addressOf: createPublicAddress(options.address ?? NO_PROXY), log },
      { host: '127.0.0.1', port: 0 },
    ),
  );
  const owned = stack.move();
  return {
    url: server.url,
    apiKey,
    database,
    runtimes,
    browserRoot,
    logged,
    call: caller(server.url, apiKey),
    callAsOther: caller(server.url, otherKey),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
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
