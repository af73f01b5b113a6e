/** What is said of a storage that does not answer. */
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { openStorage } from '../../src/runtime-manager/index.ts';
import { storeContent } from '../../src/runtime-manager/files/store-content.ts';

const MB = 1024 * 1024;
const AWAY = { code: 'service.unavailable', message: 'The object storage does not respond.' };

/** Nothing listens there. */
const storage = await openStorage(
  {
    bucket: 'b',
    endpoint: 'http://127.0.0.1:9',
    region: 'us-east-1',
    prefix: '',
    credentials: { accessKeyId: 'a', secretAccessKey: 'a' },
    forcePathStyle: true,
  },
  'unused',
);

test('every command says that the storage is away', async () => {
  await expect(storage.get('a')).rejects.toMatchObject(AWAY);
  await expect(storage.size('a')).rejects.toMatchObject(AWAY);
  await expect(storage.delete('a')).rejects.toMatchObject(AWAY);
  await expect(storage.put('a', Readable.from(['text']))).rejects.toMatchObject(AWAY);
});

test.each([1, 100])('content of %i MB fails for the storage, and not for its end', async (size) => {
  const content = Readable.from(
    (function* () {
      for (let nth = 0; nth < size; nth++) yield Buffer.alloc(MB);
    })(),
  );
  const owner = { organizationId: 'a', mostBytes: 1000 * MB };
  await expect(storeContent(storage, content, owner)).rejects.toMatchObject(AWAY);
  expect(content.destroyed).toBe(true);
});

test('content that breaks off fails for what it broke off with', async () => {
  const content = new Readable({ read() {} });
  content.push(Buffer.alloc(MB));
  setTimeout(() => content.destroy(new Error('broke off')), 100);
  const owner = { organizationId: 'a', mostBytes: 1000 * MB };
  await expect(storeContent(storage, content, owner)).rejects.toThrow('broke off');
});
