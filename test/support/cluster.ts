import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { inject } from 'vitest';
import { embeddedAddress } from '../../src/db/embedded.ts';
import { createDatabase, TEMPLATE } from './database.ts';
import { caller, type Call } from './http.ts';
import { openNatsServer, type NatsServer } from './nats-server.ts';
import { startService, type ServiceProcess } from './service-process.ts';

const BUCKET = 'archives';

/** One process of a cluster. */
export interface ClusterProcess extends ServiceProcess {
  dataDir: string;
  call: Call;
}

type Role = 'all' | 'api' | 'node';

/** Processes on this machine that share a database, a bucket and a server of NATS. */
export class TestCluster implements AsyncDisposable {
  readonly apiKey = `bctrl_${randomBytes(16).toString('hex')}`;
  readonly databaseUrl: string;
  readonly nats: NatsServer;
  readonly #s3Port: number;
  readonly #stack: AsyncDisposableStack;
  readonly #processes = new Set<ClusterProcess>();

  private constructor(
    parts: { databaseUrl: string; nats: NatsServer; s3Port: number },
    stack: AsyncDisposableStack,
  ) {
    this.databaseUrl = parts.databaseUrl;
    this.nats = parts.nats;
    this.#s3Port = parts.s3Port;
    this.#stack = stack;
  }

  static async open(): Promise<TestCluster> {
    await using stack = new AsyncDisposableStack();
    const nats = stack.use(await openNatsServer());
    const directory = await mkdtemp(join(tmpdir(), 'bctrl-s3-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const s3 = new S3rver({
      port: 0,
      address: '127.0.0.1',
      silent: true,
      directory,
      configureBuckets: [{ name: BUCKET, configs: [] }],
    });
    const { port: s3Port } = await s3.run();
    stack.defer(() => s3.close());
    const { databaseUrl } = await createSharedDatabase();
    return new TestCluster({ databaseUrl, nats, s3Port }, stack.move());
  }

  /** Starts a process, which a test may end before the cluster. */
  async start(role: Role, env: Record<string, string> = {}): Promise<ClusterProcess> {
    const dataDir = env['BCTRL_DATA_DIR'] ?? (await mkdtemp(join(tmpdir(), `bctrl-${role}-`)));
    const service = await startService({
      ...this.env(role),
      BCTRL_DATA_DIR: dataDir,
      BCTRL_BROWSER_DIR: join(dataDir, 'b'),
      ...env,
    });
    const started = Object.assign(service, { dataDir, call: caller(service.url, this.apiKey) });
    this.#processes.add(started);
    return started;
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
      BCTRL_S3_ENDPOINT: `http://127.0.0.1:${this.#s3Port}`,
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
async function createSharedDatabase(): Promise<{ databaseUrl: string }> {
  const dataDir = inject('postgresDataDir');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await createDatabase(dataDir, name, TEMPLATE);
  const { socketDir, user } = embeddedAddress(dataDir);
  return { databaseUrl: `postgres://${user}@${encodeURIComponent(socketDir)}/${name}` };
}
