import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { FILE_TESTS } from '../support/file-services.ts';
import { ask, begin, createNamespace, filesUrl, store } from '../support/file-requests.ts';
import type { TestService } from '../support/service.ts';
import { freshDirectory } from '../support/storages.ts';

const run = promisify(execFile);
const MIB = 1024 ** 2;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

/** The address of a file's content in a namespace of its own. */
async function contentUrl(service: TestService, content: string | Buffer, path = 'a.txt') {
  const namespace = await createNamespace(service);
  // A text would come with a type of its own.
  const file = await store(service, namespace, path, Buffer.from(content));
  return { namespace, file, url: `${filesUrl(service, namespace)}/${file.id}/content` };
}

/** The objects that this process has open. */
async function openObjects({ dataDir }: TestService): Promise<string[]> {
  const open = await readdir('/proc/self/fd');
  const paths = await Promise.all(
    open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return paths.filter((path) => path.startsWith(join(dataDir, 'objects')));
}

/** The connections that this process has to an S3 server, and what they wait for. */
async function sockets(): Promise<number> {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

for (const [where, test] of Object.entries(FILE_TESTS)) {
  test(`content comes with what keeps it from running as a page, ${where}`, async ({ service }) => {
    const { file, url } = await contentUrl(service, '<script>alert(1)</script>', 'x/page.html');
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, bytes } = await ask(service, url, { method });
      expect(status).toBe(200);
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-type': 'text/html',
        'content-length': '25',
        'content-disposition': `attachment; filename="page.html"; filename*=UTF-8''page.html`,
        'x-content-type-options': 'nosniff',
        'content-security-policy': "sandbox; default-src 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'private, no-cache',
        'accept-ranges': 'bytes',
        etag: `"${file.sha256}"`,
      });
      expect(bytes.length).toBe(method === 'GET' ? 25 : 0);
    }
  });

  test(`one range of bytes is served ${where}`, async ({ service }) => {
    const { url } = await contentUrl(service, ALPHABET);
    for (const [range, text, contentRange] of [
      ['bytes=0-0', 'a', 'bytes 0-0/26'],
      ['bytes=2-4', 'cde', 'bytes 2-4/26'],
      ['bytes=24-', 'yz', 'bytes 24-25/26'],
      ['bytes=24-99', 'yz', 'bytes 24-25/26'],
      ['bytes=-3', 'xyz', 'bytes 23-25/26'],
      ['bytes=-99', ALPHABET, 'bytes 0-25/26'],
      ['BYTES=1-1', 'b', 'bytes 1-1/26'],
    ]) {
      const { status, headers, bytes } = await ask(service, url, { headers: { range } });
      expect([status, bytes.toString(), headers.get('content-range')], range).toEqual([
        206,
        text,
        contentRange,
      ]);
      expect(headers.get('content-length')).toBe(String(text?.length));
    }
    for (const range of ['bytes=26-', 'bytes=99999999999999999999-', 'bytes=-0']) {
      const answer = await ask(service, url, { headers: { range } });
      expect(answer, range).toMatchObject({
        status: 416,
        json: { code: 'request.range_not_satisfiable' },
      });
      expect(answer.headers.get('content-range')).toBe('bytes */26');
    }
    for (const range of [
      'bytes=0-1,3-4',
      'bytes=4-2',
      'lines=1-2',
      'bytes=',
      'bytes=-',
      'bytes=a-b',
      'x',
      'bytes=1-2-3',
    ]) {
      const { status, bytes } = await ask(service, url, { headers: { range } });
      expect([status, bytes.toString()], range).toEqual([200, ALPHABET]);
    }
    const head = await ask(service, url, { method: 'HEAD', headers: { range: 'bytes=0-1' } });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '26']);
  });

  test(`a file is read to its end while it is deleted, moved or replaced, ${where}`, async ({
    service,
  }) => {
    const content = randomBytes(8 * MIB);
    for (const change of ['delete', 'move', 'replace']) {
      const { namespace, file, url } = await contentUrl(service, content);
      const { sent, answered } = begin(service, 'GET', url);
      sent.end();
      const response = await answered;
      const chunks: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
      const first = await chunks.next();
      const at = `/v1/storage/${namespace}/files/${file.id}`;
      if (change === 'delete') await service.call('DELETE', at);
      if (change === 'move') await service.call('PATCH', at, { path: 'elsewhere' });
      if (change === 'replace') await store(service, namespace, 'a.txt', 'new');
      const parts: Buffer[] = [];
      for (let next = first; !next.done; next = await chunks.next()) parts.push(next.value);
      expect(Buffer.concat(parts).equals(content), change).toBe(true);
    }
  });

  test(`a client that hangs up lets go of the content, ${where}`, async ({ service }) => {
    const { url } = await contentUrl(service, Buffer.alloc(16 * MIB));
    const before = await sockets();
    for (let round = 0; round < 5; round++) {
      const { sent, answered } = begin(service, 'GET', url);
      sent.end();
      const response = await answered;
      await once(response, 'data');
      response.destroy();
    }
    await ask(service, url, { method: 'HEAD' });
    await expect.poll(() => openObjects(service)).toEqual([]);
    // What is kept for the next request is one connection, and that of the HEAD.
    await expect.poll(sockets).toBeLessThanOrEqual(before + 3);
  });

  test(`a slow client does not fill the memory, ${where}`, async ({ service }) => {
    const { url } = await contentUrl(service, Buffer.alloc(200 * MIB));
    const { hostname, port, pathname } = new URL(url);
    const before = process.memoryUsage().rss;
    const socket = connect(Number(port), hostname);
    socket.pause();
    socket.write(
      `GET ${pathname} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${service.apiKey}\r\n\r\n`,
    );
    let most = 0;
    for (let look = 0; look < 20; look++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      most = Math.max(most, process.memoryUsage().rss);
    }
    expect(most - before).toBeLessThan(60 * MIB);
    socket.destroy();
    await expect.poll(() => openObjects(service)).toEqual([]);
  });
}

const test = FILE_TESTS['in a directory'];

test('content that a client has is not sent again', async ({ service }) => {
  const { file, url } = await contentUrl(service, ALPHABET);
  const etag = `"${file.sha256}"`;
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await ask(service, url, { headers: { 'if-none-match': known } });
    expect([answer.status, answer.bytes.length, answer.headers.get('etag')], known).toEqual([
      304,
      0,
      etag,
    ]);
  }
  for (const known of ['"other"', file.sha256, '']) {
    const answer = await ask(service, url, { headers: { 'if-none-match': known } });
    expect(answer.status, known).toBe(200);
  }
  const range = 'bytes=0-1';
  for (const [condition, status] of [
    [etag, 206],
    ['"other"', 200],
    [`W/${etag}`, 200],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 200],
  ] as const) {
    const answer = await ask(service, url, { headers: { range, 'if-range': condition } });
    expect(answer.status, condition).toBe(status);
  }
  const out = { range: 'bytes=99-', 'if-range': '"other"' };
  expect(await ask(service, url, { headers: out })).toMatchObject({ status: 200 });
});

test('a file without content has no ranges', async ({ service }) => {
  const { url } = await contentUrl(service, '');
  for (const [range, status] of [
    ['bytes=0-', 416],
    ['bytes=-1', 200],
  ] as const) {
    expect(await ask(service, url, { headers: { range } }), range).toMatchObject({ status });
  }
});

test('a real client saves each file under its own name', async ({ service }) => {
  const folder = await freshDirectory();
  const names = [
    'plain.txt',
    'it"s; a "quote".txt',
    "apostrophe's (1)*.txt",
    '100%.txt',
    '%22.txt',
    'ünï 😀 \u202Etxt.exe',
    'a;filename=b.txt',
    '-rf',
    ' spaces ',
    'x'.repeat(251) + '.txt',
  ];
  for (const name of names) {
    const { url } = await contentUrl(service, name, `in/${name}`);
    const { headers } = await ask(service, url, { method: 'HEAD' });
    const disposition = headers.get('content-disposition') ?? '';
    expect(disposition).toMatch(
      /^attachment; filename="[\w .-]+"; filename\*=UTF-8''[\w!#$&+.^`|~%-]+$/,
    );
    const [, encoded = ''] = /filename\*=UTF-8''(.*)$/.exec(disposition) ?? [];
    expect(decodeURIComponent(encoded)).toBe(name);
  }
  // curl knows the plain name alone.
  const { url } = await contentUrl(service, 'content', 'in/plain name.txt');
  await run('curl', ['-sS', '-OJ', '-H', `Authorization: Bearer ${service.apiKey}`, url], {
    cwd: folder,
  });
  expect(await readFile(join(folder, 'plain name.txt'), 'utf8')).toBe('content');
});

test('a type that was not checked when it was stored does not reach a header', async ({
  service,
}) => {
  const { file, url } = await contentUrl(service, 'x');
  await service.database.db.execute(
    `update files set content_type = E'text/html\\r\\nx-odd: 1' where id = '${file.id}'`,
  );
  const { status, headers } = await ask(service, url);
  expect([status, headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
});

test('content that is lost is an error, before a byte is sent', async ({ service }) => {
  const { file, url } = await contentUrl(service, 'x');
  await service.database.db.execute(`update files set key = 'files/gone' where id = '${file.id}'`);
  expect(await ask(service, url)).toMatchObject({
    status: 500,
    json: { code: 'storage.object_missing' },
  });
});

test('a page of ours cannot be made of content: no cookie, and no other way in than the header', async ({
  service,
}) => {
  const { url } = await contentUrl(service, 'x');
  const asked = request(`${url}?token=${service.apiKey}`).end();
  const [response] = await once(asked, 'response');
  response.resume();
  expect(response.statusCode).toBe(401);
});
