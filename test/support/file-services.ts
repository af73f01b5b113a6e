import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as inDirectory } from './api-test.ts';
import { BUCKET, S3Server } from './s3-server.ts';
import { openFakeService, type TestService } from './service.ts';
import { testOf } from './test.ts';

/** The tests of `api-test.ts` with each kind of storage beneath the service. */
export const FILE_TESTS = { 'in a directory': inDirectory, 'in S3': testOf(openWithS3) };

async function openWithS3(): Promise<TestService> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await mkdtempDisposable(join(tmpdir(), 'bctrl-')));
  const server = new S3Server(path);
  const { port } = await server.run();
  stack.defer(() => server.close());
  const s3 = {
    bucket: BUCKET,
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    prefix: 'bctrl/',
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    forcePathStyle: true,
  };
  const service = stack.use(await openFakeService({ s3 }));
  const owned = stack.move();
  return { ...service, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
