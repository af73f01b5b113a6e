import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { embeddedAddress } from '../../src/db/embedded.ts';
import { createDatabase, TEMPLATE } from './database.ts';
import { caller, type Call } from './http.ts';
import { forwardTcp } from './forward-tcp.ts';
import { openNatsServer, type NatsServer } from './nats-server.ts';
import { BUCKET, S3Server } from './s3-server.ts';
import { startService, type ServiceProcess } from './service-process.ts';

/** One process of a cluster. */
export interface ClusterProcess extends ServiceProcess {
  nodeId: string;
  dataDir: string;
  apiKey: string;
  call: Call;
}

type Role = 'all' | 'api' | 'node';

interface SharedDatabase {
  socketDir: string;
  user: string;
  name: string;
}

/** Processes on this machine that share a database, a bucket and a server of NATS. */
export class TestCluster implements AsyncDisposable {
  readonly apiKey = `bctrl_${randomBytes(16).toString('hex')}`;
  readonly nats: NatsServer;
  readonly s3Port: number;
  readonly #database: SharedDatabase;
  readonly #stack: AsyncDisposableStack;
  readonly #processes = new Set<ClusterProcess>();

  private constructor(
    parts: { database: SharedDatabase; nats: NatsServer; s3Port: number },
    stack: AsyncDisposableStack,
  ) {
    this.#database = parts.database;
    this.nats = parts.nats;
    this.s3Port = parts.s3Port;
    this.#stack = stack;
  }

  static async open(): Promise<TestCluster> {
    await using stack = new AsyncDisposableStack();
    const nats = stack.use(await openNatsServer());
    const directory = await mkdtemp(join(tmpdir(), 'bctrl-s3-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const s3 = new S3Server(directory);
    const { port: s3Port } = await s3.run();
    stack.defer(() => s3.close());
    const database = await createSharedDatabase();
    return new TestCluster({ database, nats, s3Port }, stack.move());
  }

  get databaseUrl(): string {
    const { socketDir, user, name } = this.#database;
    return `postgres://${user}@${encodeURIComponent(socketDir)}/${name}`;
  }

  /** Lets processes reach the database by a TCP port too, as on other machines. */
  async openDatabasePort(): Promise<AsyncDisposable & { port: number; url: string }> {
    const { socketDir, user, name } = this.#database;
    const forwarded = await forwardTcp(join(socketDir, '.s.PGSQL.5432'));
    const url = `postgres://${user}@127.0.0.1:${forwarded.port}/${name}`;
    return Object.assign(forwarded, { url });
  }

  /** Starts a process, which a test may end before the cluster; `via` as in `startService`. */
  async start(
    role: Role,
    env: Record<string, string> = {},
    via: readonly string[] = [],
  ): Promise<ClusterProcess> {
    const dataDir = env['BCTRL_DATA_DIR'] ?? (await mkdtemp(join(tmpdir(), `bctrl-${role}-`)));
    const given = { BCTRL_DATA_DIR: dataDir, BCTRL_BROWSER_DIR: join(dataDir, 'b'), ...env };
    const service = await startService({ ...this.env(role), ...given }, via);
    const { apiKey } = this;
    const nodeId = (await readFile(join(dataDir, 'node-id'), 'utf8')).trim();
    const call = caller(service.url, apiKey);
    const started = Object.assign(service, { nodeId, dataDir, apiKey, call });
    this.#processes.add(started);
    return started;
  }

  /** The socket of the database's server. */
  get postgresSocket(): string {
    return join(embeddedAddress(inject('postgresDataDir')).socketDir, '.s.PGSQL.5432');
  }

  /** The database, by way of another place that leads to its socket. */
  databaseAt({ host, port }: { host: string; port: number }): string {
    const { username, pathname } = new URL(this.databaseUrl);
    return `postgres://${username}@${host}:${port}${pathname}`;
  }

  env(role: Role): Record<string, string> {
    return {
      BCTRL_ROLE: role,
      PORT: '0',
      LOG_LEVEL: 'warn',
      DATABASE_URL: this.databaseUrl,
      NATS_URL: this.nats.url,
      BCTRL_NODE_PORT: '0',
      BCTRL_API_KEY: this.apiKey,
      BCTRL_ENCRYPTION_KEY: 'a key for tests of clusters',
      BCTRL_S3_BUCKET: BUCKET,
      BCTRL_S3_ENDPOINT: `http://127.0.0.1:${this.s3Port}`,
      BCTRL_S3_FORCE_PATH_STYLE: 'true',
      BCTRL_S3_ACCESS_KEY_ID: 'S3RVER',
      BCTRL_S3_SECRET_ACCESS_KEY: 'S3RVER',
      BCTRL_WARM_MIN: '1',
      BCTRL_WARM_MAX: '2',
      BCTRL_LAUNCH_TIMEOUT_MS: '120000',
      CHROMIUM_PATH: inject('chromiumPath'),
      CHROMEDRIVER_PATH: inject('chromedriverPath'),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = [...this.#processes].map(async (one) => {
      // As from a terminal: nobody waits for a drain.
      await one.stop('SIGINT');
      await rm(one.dataDir, { recursive: true, force: true });
    });
    await Promise.all(stopped);
    await this.#stack.disposeAsync();
  }
}

/** A database that other processes reach by the socket of the tests' server. */
async function createSharedDatabase(): Promise<SharedDatabase> {
  const dataDir = inject('postgresDataDir');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await createDatabase(dataDir, name, TEMPLATE);
  const { socketDir, user } = embeddedAddress(dataDir);
  return { socketDir, user, name };
}
