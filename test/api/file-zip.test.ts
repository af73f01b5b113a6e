import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { fromBufferPromise } from 'yauzl';
import { FILE_TESTS } from '../support/file-services.ts';
import { ask, begin, createNamespace, store } from '../support/file-requests.ts';
import type { TestService } from '../support/service.ts';
import { freshDirectory } from '../support/storages.ts';

const run = promisify(execFile);
const MIB = 1024 ** 2;

const zipUrl = ({ url }: TestService, namespace: string, prefix = '') =>
  `${url}/v1/storage/${namespace}/zip?prefix=${encodeURIComponent(prefix)}`;

/** The files of a zip, by their names in its order. */
async function unzip(bytes: Buffer): Promise<[string, Buffer][]> {
  const zip = await fromBufferPromise(bytes, { strictFileNames: true, lazyEntries: true });
  const files: [string, Buffer][] = [];
  for await (const entry of zip.eachEntry()) {
    files.push([entry.fileName, await buffer(await zip.openReadStreamPromise(entry))]);
  }
  return files;
}

async function zipped(service: TestService, namespace: string, prefix?: string) {
  const { status, bytes } = await ask(service, zipUrl(service, namespace, prefix));
  expect(status).toBe(200);
  return (await unzip(bytes)).map(([name, content]) => [name, content.toString()]);
}

async function openObjects({ dataDir }: TestService): Promise<number> {
  const open = await readdir('/proc/self/fd');
  const paths = await Promise.all(
    open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return paths.filter((path) => path.startsWith(join(dataDir, 'objects'))).length;
}

for (const [where, test] of Object.entries(FILE_TESTS)) {
  test(`a zip has the files below a prefix, named from its folder on, ${where}`, async ({
    service,
  }) => {
    const namespace = await createNamespace(service);
    for (const path of ['a.txt', 'd/b.txt', 'd/e/ü 😀.txt', 'd/ex'])
      await store(service, namespace, path, path);
    await store(service, namespace, 'empty', '');
    expect(await zipped(service, namespace)).toEqual([
      ['a.txt', 'a.txt'],
      ['d/b.txt', 'd/b.txt'],
      ['d/e/ü 😀.txt', 'd/e/ü 😀.txt'],
      ['d/ex', 'd/ex'],
      ['empty', ''],
    ]);
    expect(await zipped(service, namespace, 'd/')).toEqual([
      ['b.txt', 'd/b.txt'],
      ['e/ü 😀.txt', 'd/e/ü 😀.txt'],
      ['ex', 'd/ex'],
    ]);
    expect(await zipped(service, namespace, 'd/e')).toEqual([
      ['e/ü 😀.txt', 'd/e/ü 😀.txt'],
      ['ex', 'd/ex'],
    ]);
  });

  test(`a thousand files become a zip, one after the other, ${where}`, async ({ service }) => {
    const namespace = await createNamespace(service);
    const content = randomBytes(50_000);
    const first = await store(service, namespace, 'first', content);
    // They share the content of the first one.
    await service.database.db.execute(`
      insert into files (id, organization_id, namespace_id, path, source, state, size_bytes,
        content_type, sha256, key, stored_at)
      select gen_random_uuid(), f.organization_id, f.namespace_id, 'all/' || lpad(i::text, 4, '0'),
        'upload', 'stored', f.size_bytes, f.content_type, f.sha256, f.key, now()
      from files f, generate_series(1, 1000) i where f.id = '${first.id}'`);
    // The first one has what grows once.
    await ask(service, zipUrl(service, namespace, 'all/'));
    const before = process.memoryUsage().rss;
    const { sent, answered } = begin(service, 'GET', zipUrl(service, namespace, 'all/'));
    sent.end();
    const response = await answered;
    let bytes = 0;
    let parts = 0;
    let most = 0;
    let mostOpen = 0;
    for await (const part of response) {
      bytes += part.length;
      most = Math.max(most, process.memoryUsage().rss);
      if (parts++ % 20 === 0) mostOpen = Math.max(mostOpen, await openObjects(service));
    }
    expect(bytes).toBeGreaterThan(1000 * content.length);
    expect(most - before).toBeLessThan(60 * MIB);
    expect(mostOpen).toBeLessThanOrEqual(1);
  });

  test(`a file that is deleted or replaced meanwhile does not break a zip, ${where}`, async ({
    service,
  }) => {
    const namespace = await createNamespace(service);
    const large = randomBytes(8 * MIB);
    await store(service, namespace, 'a', large);
    const deleted = await store(service, namespace, 'b', 'deleted');
    await store(service, namespace, 'c', 'old');
    await store(service, namespace, 'd', 'last');
    const { sent, answered } = begin(service, 'GET', zipUrl(service, namespace));
    sent.end();
    const response = await answered;
    const chunks: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
    const first = await chunks.next();
    await service.call('DELETE', `/v1/storage/${namespace}/files/${deleted.id}`);
    await store(service, namespace, 'c', 'new');
    const unkept = 'select count(*)::int as count from files where namespace_id is null';
    await expect
      .poll(() => service.database.db.execute<{ count: number }>(unkept))
      .toEqual([{ count: 0 }]);
    const parts: Buffer[] = [];
    for (let next = first; !next.done; next = await chunks.next()) parts.push(next.value);
    const files = await unzip(Buffer.concat(parts));
    expect(files.map(([name]) => name)).toEqual(['a', 'c', 'd']);
    expect(files[0]?.[1].equals(large)).toBe(true);
    expect(files[1]?.[1].toString()).toBe('new');
  });

  test(`content that is lost breaks a zip off, ${where}`, async ({ service }) => {
    const namespace = await createNamespace(service);
    await store(service, namespace, 'a', 'there');
    const { id } = await store(service, namespace, 'b', 'lost');
    await service.database.db.execute(`update files set key = 'files/gone' where id = '${id}'`);
    await expect(ask(service, zipUrl(service, namespace))).rejects.toThrow();
    expect(service.logged.some((line) => line.includes('a body broke off'))).toBe(true);
  });
}

const test = FILE_TESTS['in a directory'];

test('a client that hangs up ends its zip', async ({ service }) => {
  const namespace = await createNamespace(service);
  for (const path of ['a', 'b', 'c']) await store(service, namespace, path, randomBytes(8 * MIB));
  for (let round = 0; round < 3; round++) {
    const { sent, answered } = begin(service, 'GET', zipUrl(service, namespace));
    sent.end();
    const response = await answered;
    await once(response, 'data');
    expect(await openObjects(service)).toBeGreaterThan(0);
    response.destroy();
    await expect.poll(() => openObjects(service)).toBe(0);
  }
  const head = await ask(service, zipUrl(service, namespace), { method: 'HEAD' });
  expect([head.status, head.bytes.length]).toEqual([200, 0]);
  expect(await openObjects(service)).toBe(0);
});

test('a zip is saved under the name of the folder, and nothing is no zip', async ({ service }) => {
  const namespace = await createNamespace(service);
  await store(service, namespace, 'a/b/c', 'x');
  for (const [prefix, name] of [
    ['', namespace],
    ['a/', 'a'],
    ['a/b/c', 'b'],
  ] as const) {
    const { headers } = await ask(service, zipUrl(service, namespace, prefix), { method: 'HEAD' });
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/zip',
      'content-disposition': expect.stringContaining(`attachment; filename="${name}.zip"`),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
    });
  }
  expect(await ask(service, zipUrl(service, namespace, 'nothing'))).toMatchObject({
    status: 404,
    json: { code: 'file.not_found' },
  });
  for (const prefix of ['../', '/', 'a\u0000', 'a//b']) {
    expect(await ask(service, zipUrl(service, namespace, prefix)), prefix).toMatchObject({
      status: 400,
      json: { details: { issues: [{ in: 'query', path: 'prefix' }] } },
    });
  }
});

test('no name in a zip leads out of the folder that it is unpacked to', async ({ service }) => {
  const namespace = await createNamespace(service);
  const odd = ['C:evil', 'd/C:evil', '...', '..a/b', '~/x', '-rf', '$(id)', 'a b'];
  for (const path of odd) await store(service, namespace, path, path);
  const { bytes } = await ask(service, zipUrl(service, namespace));
  const names = (await unzip(bytes)).map(([name]) => name);
  expect(names.toSorted()).toEqual([...odd.slice(1), 'C_evil'].toSorted());
  const [inner] = await zipped(service, namespace, 'd/');
  expect(inner).toEqual(['C_evil', 'd/C:evil']);
  // Also as another program reads it.
  const folder = await freshDirectory();
  await writeFile(join(folder, 'x.zip'), bytes);
  const script = "import zipfile; zipfile.ZipFile('x.zip').extractall('out')";
  await run('python3', ['-c', script], { cwd: folder });
  expect((await readdir(folder)).toSorted()).toEqual(['out', 'x.zip']);
  expect(await readFile(join(folder, 'out', 'C_evil'), 'utf8')).toBe('C:evil');
});
