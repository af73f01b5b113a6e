import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { FILE_TESTS } from '../support/file-services.ts';
import {
  ask,
  begin,
  createNamespace,
  filesUrl,
  jsonOf,
  pathsIn,
  put,
  store,
} from '../support/file-requests.ts';
import type { TestService } from '../support/service.ts';
import { freshDirectory } from '../support/storages.ts';
import { testWith } from '../support/api-test.ts';

const run = promisify(execFile);
const MIB = 1024 ** 2;

const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

function formOf(fields: [string, string | File][]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return form;
}

function post(service: TestService, namespace: string, body: FormData) {
  return ask(service, filesUrl(service, namespace), { method: 'POST', body });
}

function* chunks(count: number, chunk: Buffer): Generator<Buffer> {
  for (let i = 0; i < count; i++) yield chunk;
}

/** How many rows there are of an organization's files, kept or not. */
async function rows({ database }: TestService, namespace: string) {
  const found = await database.db.execute<{ kept: number; unkept: number }>(
    `select count(*) filter (where namespace_id = n.id)::int as kept,
       count(*) filter (where namespace_id is null)::int as unkept
     from files, storage_namespaces n where n.name = '${namespace}'`,
  );
  return found[0];
}

for (const [where, test] of Object.entries(FILE_TESTS)) {
  test(`a body becomes a file ${where}`, async ({ service }) => {
    const namespace = await createNamespace(service);
    const content = Buffer.alloc(3 * MIB, 'abc');
    const stored = await put(service, namespace, 'a/b.txt', { content });
    expect(stored).toMatchObject({ status: 200 });
    expect(stored.json).toEqual({
      id: expect.any(String),
      namespace,
      path: 'a/b.txt',
      name: 'b.txt',
      sizeBytes: content.length,
      contentType: 'text/plain',
      sha256: sha256(content),
      source: 'upload',
      createdAt: expect.any(String),
    });
    const url = `${filesUrl(service, namespace)}/${stored.json.id}`;
    expect((await ask(service, url)).json).toEqual(stored.json);
    expect((await ask(service, `${url}/content`)).bytes.equals(content)).toBe(true);
  });

  test(`bodies of 0 bytes and of unknown length are stored ${where}`, async ({ service }) => {
    const namespace = await createNamespace(service);
    const empty = await store(service, namespace, 'empty', '');
    expect(empty).toMatchObject({ sizeBytes: 0, sha256: sha256('') });
    const read = await ask(service, `${filesUrl(service, namespace)}/${empty.id}/content`);
    expect(read).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
    const content = ReadableStream.from(chunks(20, Buffer.alloc(MIB, 'x')));
    const chunked = await put(service, namespace, 'chunked', { content });
    expect(chunked.json).toMatchObject({
      sizeBytes: 20 * MIB,
      sha256: sha256(Buffer.alloc(20 * MIB, 'x')),
    });
  });

  test(`a client that goes away midway leaves nothing ${where}`, async ({ service }) => {
    const namespace = await createNamespace(service);
    const url = `${filesUrl(service, namespace)}?path=cut`;
    for (const headers of [{ 'content-length': 50 * MIB }, { 'transfer-encoding': 'chunked' }]) {
      const { sent, answered } = begin(service, 'PUT', url, headers);
      const closed = new Promise((resolve) => sent.once('close', resolve));
      for (const chunk of chunks(10, Buffer.alloc(MIB, 'x'))) {
        if (!sent.write(chunk)) await once(sent, 'drain');
      }
      sent.destroy();
      await Promise.allSettled([closed, answered]);
    }
    await expect
      .poll(
        () =>
          service.logged.filter((line) => line.includes('"PUT"') && line.includes('"status":400'))
            .length,
      )
      .toBe(2);
    expect(await pathsIn(service, namespace)).toEqual([]);
    expect(service.logged.filter((line) => line.startsWith('{"level":50'))).toEqual([]);
  });

  test(`one of two uploads to one path wins, ${where}`, async ({ service }) => {
    const namespace = await createNamespace(service);
    for (let round = 0; round < 3; round++) {
      const query = { overwrite: 'false' };
      const path = `contested-${round}`;
      const both = await Promise.all(
        ['1', '2'].map((content) => put(service, namespace, path, { content, query })),
      );
      const statuses = both.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([200, 409]);
      expect(both.find(({ status }) => status === 409)?.json.code).toBe('file.path_in_use');
    }
    expect(await pathsIn(service, namespace)).toEqual([0, 1, 2].map((n) => `contested-${n}`));
    await expect.poll(() => rows(service, namespace)).toEqual({ kept: 3, unkept: 0 });
  });

  test(`uploads that replace each other leave one file and nothing behind, ${where}`, async ({
    service,
  }) => {
    const namespace = await createNamespace(service);
    const { usedBytes } = (await service.call('GET', '/v1/storage')).json.usage;
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        put(service, namespace, 'same', { content: `${i}`.repeat(1000) }),
      ),
    );
    expect(all.map(({ status }) => status)).toEqual(Array(8).fill(200));
    const { files } = (await service.call('GET', `/v1/storage/${namespace}/files`)).json;
    expect(files).toHaveLength(1);
    await expect.poll(() => rows(service, namespace)).toEqual({ kept: 1, unkept: 0 });
    expect((await service.call('GET', '/v1/storage')).json.usage.usedBytes).toBe(usedBytes + 1000);
    const content = await ask(service, `${filesUrl(service, namespace)}/${files[0].id}/content`);
    expect(sha256(content.bytes)).toBe(files[0].sha256);
  });
}

const test = FILE_TESTS['in a directory'];

test('nothing is stored on the disk of what is replaced, deleted or refused', async ({
  service,
}) => {
  const namespace = await createNamespace(service);
  const folder = join(service.dataDir, 'objects', 'files');
  const objects = async (): Promise<string[]> => {
    const found = await readdir(folder, { recursive: true }).catch(() => []);
    return found.filter((path) => path.includes('/'));
  };
  const before = await objects();
  for (const content of ['1', '2']) await store(service, namespace, 'a', content);
  await post(service, namespace, formOf([['file', new File(['x'], 'a')]]));
  await post(
    service,
    namespace,
    formOf([
      ['file', new File(['x'], 'b')],
      ['path', '../b'],
    ]),
  );
  const { json } = await service.call('GET', `/v1/storage/${namespace}/files`);
  expect(json.files).toHaveLength(1);
  await expect.poll(async () => (await objects()).length).toBe(before.length + 1);
  expect(
    (await service.call('DELETE', `/v1/storage/${namespace}/files/${json.files[0].id}`)).json,
  ).toEqual(json.files[0]);
  await expect
    .poll(async () => (await objects()).filter((path) => !before.includes(path)))
    .toEqual([]);
});

const jsonFile = (content: string) => new File([content], 'x.json', { type: 'application/json' });

test('the fields of a form may come before the file and after it', async ({ service }) => {
  const namespace = await createNamespace(service);
  for (const [path, fields] of [
    [
      'before',
      [
        ['path', 'before'],
        ['file', jsonFile('1')],
      ],
    ],
    [
      'after',
      [
        ['file', jsonFile('1')],
        ['path', 'after'],
      ],
    ],
    [
      'after',
      [
        ['overwrite', 'true'],
        ['file', jsonFile('2')],
        ['path', 'after'],
      ],
    ],
    ['x.json', [['file', jsonFile('3')]]],
  ] as [string, [string, string | File][]][]) {
    expect(await post(service, namespace, formOf(fields)), path).toMatchObject({
      status: 200,
      json: { path, contentType: 'application/json' },
    });
  }
  expect(await pathsIn(service, namespace)).toEqual(['after', 'before', 'x.json']);
  const again = await post(service, namespace, formOf([['file', jsonFile('4')]]));
  expect(again).toMatchObject({ status: 409, json: { code: 'file.path_in_use' } });
});

test('a form that is wrong is refused, and the refusal names the field', async ({ service }) => {
  const namespace = await createNamespace(service);
  const file = new File(['x'], 'a.txt');
  const wrong: [string, [string, string | File][]][] = [
    ['file', [['path', 'a']]],
    [
      'path',
      [
        ['file', file],
        ['path', '../a'],
      ],
    ],
    [
      'path',
      [
        ['path', 'a\u0000b'],
        ['file', file],
      ],
    ],
    [
      'path',
      [
        ['file', file],
        ['path', 'x'.repeat(10 * MIB)],
      ],
    ],
    [
      'path',
      [
        ['path', 'a'],
        ['file', file],
        ['path', 'b'],
      ],
    ],
    [
      'overwrite',
      [
        ['file', file],
        ['overwrite', 'yes'],
      ],
    ],
    [
      'pth',
      [
        ['file', file],
        ['pth', 'a'],
      ],
    ],
    [
      'file',
      [
        ['file', file],
        ['file', file],
      ],
    ],
    ['other', [['other', file]]],
    ['path', [['file', new File(['x'], '')]]],
    ['path', [['file', new File(['x'], '..')]]],
  ];
  for (const [path, fields] of wrong) {
    const answer = await post(service, namespace, formOf(fields));
    expect(answer, JSON.stringify(fields).slice(0, 100)).toMatchObject({
      status: 400,
      json: { code: 'request.invalid', details: { issues: [{ in: 'body', path }] } },
    });
  }
  const url = filesUrl(service, namespace);
  for (const [type, status] of [
    ['text/plain', 415],
    ['multipart/form-data', 400],
    ['multipart/form-data; boundary=x', 400],
  ] as const) {
    const headers = { 'content-type': type };
    const broken = await ask(service, url, { method: 'POST', headers, body: 'broken' });
    expect(broken, type).toMatchObject({ status });
  }
  const cut = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nhalf';
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  expect(await ask(service, url, { method: 'POST', headers, body: cut })).toMatchObject({
    status: 400,
    json: { error: 'The form is broken or incomplete' },
  });
  expect(await pathsIn(service, namespace)).toEqual([]);
});

test("a file's name becomes a path without folders and odd characters", async ({ service }) => {
  const namespace = await createNamespace(service);
  for (const [name, path] of [
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\a.txt', 'a.txt'],
    ['\u202Egnp.exe', '\u202Egnp.exe'],
    ['Zürich 😀.txt', 'Zürich 😀.txt'],
    ['tab\there.txt', 'tab_here.txt'],
    [`${'é'.repeat(200)}.tar`, `${'é'.repeat(125)}.tar`],
  ] as const) {
    const stored = await post(service, namespace, formOf([['file', new File(['x'], name)]]));
    expect(stored, name).toMatchObject({ status: 200, json: { path } });
  }
});

const issueIn = (place: string) => ({
  json: { details: { issues: [{ in: place, path: 'path' }] } },
});

test.for([
  '',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  'a/../b',
  '../a',
  './a',
  'a\\b',
  'a\u0000b',
  'a\nb',
  'a\u0085b',
  '\u{10FFFF}',
  'x'.repeat(256),
  'é'.repeat(128),
  `${'x/'.repeat(512)}x`,
])('the path %j is refused', async (path, { service }) => {
  const namespace = await createNamespace(service);
  const refused = { status: 400, json: { code: 'request.invalid' } };
  const answer = await put(service, namespace, path);
  expect(answer).toMatchObject(refused);
  expect(answer).toMatchObject(issueIn('query'));
  const { id } = await store(service, namespace, 'fine');
  const moved = await service.call('PATCH', `/v1/storage/${namespace}/files/${id}`, { path });
  expect(moved).toMatchObject(refused);
  expect(moved).toMatchObject(issueIn('body'));
  expect(await pathsIn(service, namespace)).toEqual(['fine']);
});

test('a path of 10 MB is refused wherever it is', async ({ service }) => {
  const namespace = await createNamespace(service);
  const path = 'x'.repeat(10 * MIB);
  const { id } = await store(service, namespace, 'fine');
  expect(
    await service.call('PATCH', `/v1/storage/${namespace}/files/${id}`, { path }),
  ).toMatchObject({ status: 413 });
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  socket.write(`PUT /v1/storage/${namespace}/files?path=${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 431 /);
  socket.destroy();
});

test('odd namespaces and ids are not found', async ({ service }) => {
  const namespace = await createNamespace(service);
  for (const odd of ['%00', '..%2f..%2fetc', '%E0%A4%A', 'x'.repeat(5000), '%F0%9F%98%80']) {
    for (const path of [
      `/v1/storage/${odd}`,
      `/v1/storage/${odd}/files`,
      `/v1/storage/${odd}/zip`,
    ]) {
      expect(await service.call('GET', path), path).toMatchObject({ status: 404 });
    }
    const file = `/v1/storage/${namespace}/files/${odd}`;
    expect(await service.call('GET', file), file).toMatchObject({
      json: { code: 'file.not_found' },
    });
    expect(await service.call('GET', `${file}/content`)).toMatchObject({ status: 404 });
  }
});

test('the type of the content is as said, or else as the path tells', async ({ service }) => {
  const namespace = await createNamespace(service);
  const typeOf = async (path: string, type?: string) => {
    const content = new Blob(['x'], type === undefined ? {} : { type });
    return (await put(service, namespace, path, { content })).json.contentType;
  };
  expect(await typeOf('a.png')).toBe('image/png');
  expect(await typeOf('a.html')).toBe('text/html');
  expect(await typeOf('a.unknown')).toBe('application/octet-stream');
  expect(await typeOf('a.png', 'text/x-odd; charset="a b"')).toBe('text/x-odd; charset="a b"');
  for (const type of [
    'nonsense',
    'text/html\tx',
    'text/plain; charset="ü"',
    `a/${'b'.repeat(300)}`,
  ]) {
    const headers = { 'content-type': Buffer.from(type).toString('latin1') };
    expect(await put(service, namespace, 'b', { content: 'x', headers }), type).toMatchObject({
      status: 400,
      json: { details: { issues: [{ in: 'header', path: 'content-type' }] } },
    });
  }
});

const small = testWith({ fileLimits: { fileBytes: 5 * MIB, organizationBytes: 12 * MIB } });

small('a file over the limit is refused, by its length or as it arrives', async ({ service }) => {
  const namespace = await createNamespace(service);
  const url = `${filesUrl(service, namespace)}?path=large`;
  const refused = { code: 'file.too_large', details: { limitBytes: 5 * MIB } };
  // Nothing of the body is sent.
  const { sent, answered } = begin(service, 'PUT', url, {
    'content-length': 5 * MIB + 1,
    expect: '100-continue',
  });
  sent.flushHeaders();
  const response = await answered;
  expect(response.statusCode).toBe(413);
  expect(await jsonOf(response)).toMatchObject(refused);
  const content = ReadableStream.from(chunks(100, Buffer.alloc(MIB)));
  expect(await put(service, namespace, 'large', { content })).toMatchObject({
    status: 413,
    json: refused,
  });
  const file = new File([Buffer.alloc(5 * MIB + 1)], 'large');
  expect(await post(service, namespace, formOf([['file', file]]))).toMatchObject({
    status: 413,
    json: refused,
  });
  const larger = new File([Buffer.alloc(30 * MIB)], 'large');
  expect(await post(service, namespace, formOf([['file', larger]]))).toMatchObject({
    status: 413,
    json: refused,
  });
  expect(await pathsIn(service, namespace)).toEqual([]);
  const most = await put(service, namespace, 'most', { content: Buffer.alloc(5 * MIB) });
  expect(most).toMatchObject({ status: 200 });
  await service.call('DELETE', `/v1/storage/${namespace}?force=true`);
});

small('an organization has as much as it may, and no more', async ({ service }) => {
  const usage = async () => (await service.call('GET', '/v1/storage')).json.usage;
  await expect.poll(usage).toEqual({ usedBytes: 0, limitBytes: 12 * MIB });
  await service.database.db.execute(
    `update organizations set max_storage_bytes = ${6 * MIB} where name <> 'other'`,
  );
  const namespace = await createNamespace(service);
  await store(service, namespace, 'first', Buffer.alloc(4 * MIB));
  const refused = {
    status: 409,
    json: {
      code: 'storage.quota_exceeded',
      details: { usedBytes: 4 * MIB, limitBytes: 6 * MIB },
      hint: expect.any(String),
    },
  };
  const announced = Buffer.alloc(3 * MIB);
  expect(await put(service, namespace, 'second', { content: announced })).toMatchObject(refused);
  // The body ends in its middle: the client is answered while it still sends.
  const url = `${filesUrl(service, namespace)}?path=second`;
  const { sent, answered } = begin(service, 'PUT', url, { 'transfer-encoding': 'chunked' });
  sent.write(Buffer.alloc(3 * MIB));
  const response = await answered;
  expect({ status: response.statusCode, json: await jsonOf(response) }).toMatchObject(refused);
  sent.destroy();
  // Each of two fits, and both do not.
  const both = await Promise.all(
    ['a', 'b'].map((path) => put(service, namespace, path, { content: Buffer.alloc(1.5 * MIB) })),
  );
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  expect(await usage()).toEqual({ usedBytes: 5.5 * MIB, limitBytes: 6 * MIB });
  expect(await store(service, namespace, 'last', Buffer.alloc(0.5 * MIB))).toMatchObject({
    sizeBytes: 0.5 * MIB,
  });
  expect(await put(service, namespace, 'byte', { content: 'x' })).toMatchObject({ status: 409 });
  expect(await store(service, namespace, 'empty', '')).toMatchObject({ sizeBytes: 0 });
});

test('a Content-Length that is wrong is never the length of a file', async ({ service }) => {
  const namespace = await createNamespace(service);
  const { hostname, port } = new URL(service.url);
  const head = (length: number) =>
    `PUT /v1/storage/${namespace}/files?path=odd HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${service.apiKey}\r\ncontent-length: ${length}\r\n\r\n`;
  const short = connect(Number(port), hostname);
  short.end(`${head(10)}12345`);
  short.resume();
  await once(short, 'close');
  expect(await pathsIn(service, namespace)).toEqual([]);
  const long = connect(Number(port), hostname);
  long.write(`${head(5)}1234567890`);
  long.resume();
  await once(long, 'close');
  const { json } = await service.call('GET', `/v1/storage/${namespace}/files`);
  for (const { sizeBytes } of json.files) expect(sizeBytes).toBe(5);
});

test('a namespace that is deleted while a file arrives takes it no more', async ({ service }) => {
  const namespace = await createNamespace(service);
  const url = `${filesUrl(service, namespace)}?path=late`;
  const { sent, answered } = begin(service, 'PUT', url, { 'content-length': 2 });
  sent.write('1');
  await expect
    .poll(async () => readdir(join(service.dataDir, 'objects', '.unfinished')))
    .not.toEqual([]);
  expect(await service.call('DELETE', `/v1/storage/${namespace}`)).toMatchObject({ status: 200 });
  sent.end('2');
  const response = await answered;
  expect(response.statusCode).toBe(404);
  expect(await jsonOf(response)).toMatchObject({ code: 'storage.namespace_not_found' });
});

test('curl stores files with -T and with -F', async ({ service }) => {
  const namespace = await createNamespace(service);
  const file = join(await freshDirectory(), 'ä b.json');
  await writeFile(file, '{}');
  const url = filesUrl(service, namespace);
  const auth = ['-sS', '-H', `Authorization: Bearer ${service.apiKey}`];
  const sent = await run('curl', [...auth, '-T', file, `${url}?path=t.json`]);
  expect(JSON.parse(sent.stdout)).toMatchObject({
    path: 't.json',
    contentType: 'application/json',
  });
  const form = await run('curl', [...auth, '-F', `file=@${file}`, url]);
  expect(JSON.parse(form.stdout)).toMatchObject({
    path: 'ä b.json',
    contentType: 'application/json',
  });
  const late = await run('curl', [...auth, '-F', `file=@${file}`, '-F', 'path=in/late.json', url]);
  expect(JSON.parse(late.stdout)).toMatchObject({ path: 'in/late.json' });
});

test('memory does not grow with a file', async ({ service }) => {
  const namespace = await createNamespace(service);
  const chunk = Buffer.alloc(MIB, 'x');
  await store(service, namespace, 'warm', ReadableStream.from(chunks(20, chunk)));
  const before = process.memoryUsage().rss;
  let most = 0;
  const watched = function* () {
    for (const one of chunks(300, chunk)) {
      most = Math.max(most, process.memoryUsage().rss);
      yield one;
    }
  };
  await store(service, namespace, 'large', ReadableStream.from(watched()));
  expect(most - before).toBeLessThan(100 * MIB);
});
