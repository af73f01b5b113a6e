import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { onTestFinished } from 'vitest';
import { openStorage, type ObjectStorage } from '../../src/runtime-manager/index.ts';

const BUCKET = 'archives';

export async function freshDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bctrl-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Each kind of storage, empty. */
export const STORAGES = {
  'a directory': async () => openStorage(undefined, join(await freshDirectory(), 'objects')),
  'S3 over the wire': async () => {
    const server = new S3rver({
      port: 0,
      address: '127.0.0.1',
      silent: true,
      directory: await freshDirectory(),
      configureBuckets: [{ name: BUCKET, configs: [] }],
    });
    const { port } = await server.run();
    onTestFinished(() => server.close());
    return openStorage(
      {
        bucket: BUCKET,
        endpoint: `http://127.0.0.1:${port}`,
        region: 'us-east-1',
        prefix: 'bctrl/',
        credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
        forcePathStyle: true,
      },
      'unused',
    );
  },
} satisfies Record<string, () => Promise<ObjectStorage>>;
