import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStorage, type ObjectStorage } from '../../src/runtime-manager/index.ts';
import { BUCKET, S3Server } from './s3-server.ts';

export async function freshDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bctrl-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Each kind of storage; all files that it has lie below the directory, which is empty. */
export const STORAGES = {
  'a directory': async (directory?: string) =>
    openStorage(undefined, join(directory ?? (await freshDirectory()), 'objects')),
  'S3 over the wire': async (directory?: string) => {
    const server = new S3Server(directory ?? (await freshDirectory()));
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
} satisfies Record<string, (directory?: string) => Promise<ObjectStorage>>;
