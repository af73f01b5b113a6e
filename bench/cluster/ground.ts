import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { startNatsServer } from '../../test/support/nats-process.ts';
import { undoAtEnd } from '../suite/endings.ts';
import { openPostgres, type BenchPostgres } from '../suite/postgres.ts';

const BUCKET = 'archives';

/** What the processes of a cluster stand on: a database, a bucket and a server of NATS, all of one's own. */
export interface ClusterGround extends AsyncDisposable {
  postgres: BenchPostgres;
  natsUrl: string;
  /** The variables that every process on it has, whatever its role. */
  shared: Record<string, string>;
  /** Those that make it one of the cluster. */
  cluster: Record<string, string>;
}

export async function openGround(): Promise<ClusterGround> {
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await openPostgres());
  const nats = stack.use(await startNatsServer('nats-server'));
  const directory = await mkdtemp(join(tmpdir(), 'bc-s3-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const s3 = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [{ name: BUCKET, configs: [] }],
  });
  const { port } = await s3.run();
  stack.defer(() => s3.close());
  const { socketDir, user, database } = postgres.address;
  const opened = stack.move();
  return {
    postgres,
    natsUrl: nats.url,
    shared: {
      DATABASE_URL: `postgres://${user}@${encodeURIComponent(socketDir)}/${database}`,
      BCTRL_API_KEY: `bctrl_${randomBytes(16).toString('hex')}`,
      BCTRL_ENCRYPTION_KEY: randomBytes(16).toString('hex'),
      BCTRL_S3_BUCKET: BUCKET,
      BCTRL_S3_ENDPOINT: `http://127.0.0.1:${port}`,
      BCTRL_S3_FORCE_PATH_STYLE: 'true',
      BCTRL_S3_ACCESS_KEY_ID: 'S3RVER',
      BCTRL_S3_SECRET_ACCESS_KEY: 'S3RVER',
    },
    cluster: { NATS_URL: nats.url, BCTRL_NODE_PORT: '0' },
    [Symbol.asyncDispose]: undoAtEnd(() => opened.disposeAsync()),
  };
}
