import { expect } from 'vitest';
import { test } from '../support/api-test.ts';
import { createNamespace, filesUrl, pathsIn, put, store, ask } from '../support/file-requests.ts';
import type { TestService } from '../support/service.ts';

interface Listed {
  files: { path: string }[];
  folders?: string[];
  nextCursor?: string;
}

/** All pages of a list, each as its paths and folders in their order. */
async function pagesOf({ call }: TestService, namespace: string, query: string) {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const after = cursor === undefined ? '' : `&cursor=${cursor}`;
    const answer = await call('GET', `/v1/storage/${namespace}/files?${query}${after}`);
    expect(answer, answer.text).toMatchObject({ status: 200 });
    const { files, folders = [], nextCursor }: Listed = answer.json;
    const all = [...files.map(({ path }) => path), ...folders];
    pages.push(all.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    cursor = nextCursor;
  } while (cursor !== undefined);
  return pages;
}

const TREE = [
  'a',
  'a b',
  'a/1',
  'a/2',
  'a/b/3',
  'a0',
  'aa',
  'b/c/d/e',
  'Z',
  'ä',
  '😀/x',
  '\uFFFDx',
];
const IN_ORDER = [
  'Z',
  'a',
  'a b',
  'a/1',
  'a/2',
  'a/b/3',
  'a0',
  'aa',
  'b/c/d/e',
  'ä',
  '\uFFFDx',
  '😀/x',
];

test("files are listed in the order of their paths' bytes, in pages of any size", async ({
  service,
}) => {
  const namespace = await createNamespace(service);
  for (const path of TREE) await store(service, namespace, path);
  for (const limit of [1, 2, 5, 12, 500]) {
    const pages = await pagesOf(service, namespace, `limit=${limit}`);
    expect(pages.flat()).toEqual(IN_ORDER);
    expect(pages).toHaveLength(Math.ceil(IN_ORDER.length / limit));
    expect((await pagesOf(service, namespace, `limit=${limit}&folders=true`)).flat()).toEqual([
      'Z',
      'a',
      'a b',
      'a/',
      'a0',
      'aa',
      'b/',
      'ä',
      '\uFFFDx',
      '😀/',
    ]);
    expect(
      (await pagesOf(service, namespace, `limit=${limit}&folders=true&prefix=a/`)).flat(),
    ).toEqual(['a/1', 'a/2', 'a/b/']);
  }
  expect((await pagesOf(service, namespace, 'prefix=a')).flat()).toEqual([
    'a',
    'a b',
    'a/1',
    'a/2',
    'a/b/3',
    'a0',
    'aa',
  ]);
  expect((await pagesOf(service, namespace, 'prefix=a/b/')).flat()).toEqual(['a/b/3']);
  expect((await pagesOf(service, namespace, 'prefix=b/c/&folders=true')).flat()).toEqual([
    'b/c/d/',
  ]);
  expect((await pagesOf(service, namespace, 'prefix=nothing')).flat()).toEqual([]);
});

test('a list without folders does not speak of them, and one with them always does', async ({
  service,
}) => {
  const namespace = await createNamespace(service);
  const path = `/v1/storage/${namespace}/files`;
  expect((await service.call('GET', path)).json).toEqual({ files: [] });
  expect((await service.call('GET', `${path}?folders=true`)).json).toEqual({
    files: [],
    folders: [],
  });
});

test.for([
  ['prefix=a&folders=true', 'prefix'],
  ['prefix=/', 'prefix'],
  ['prefix=a//', 'prefix'],
  ['prefix=../', 'prefix'],
  ['prefix=a/../b', 'prefix'],
  ['prefix=%00', 'prefix'],
  [`prefix=${'x'.repeat(1025)}`, 'prefix'],
  ['cursor=', 'cursor'],
  ['cursor=nonsense!', 'cursor'],
  [`cursor=${Buffer.from('a\u0000b').toString('base64url')}`, 'cursor'],
  [`cursor=${Buffer.from('../a').toString('base64url')}`, 'cursor'],
  [`cursor=${Buffer.from([0x61, 0xff]).toString('base64url')}`, 'cursor'],
  ['cursor=YQ==', 'cursor'],
  ['limit=0', 'limit'],
  ['limit=501', 'limit'],
  ['folders=yes', 'folders'],
  ['folder=true', 'folder'],
  ['prefix=a&prefix=b', 'prefix'],
] as const)('a list with %s is refused', async ([query, path], { service }) => {
  const answer = await service.call('GET', `/v1/storage/nowhere/files?${query}`);
  expect(answer).toMatchObject({
    status: 400,
    json: { details: { issues: [{ in: 'query', path }] } },
  });
});

test('10,000 files are listed page by page', async ({ service }) => {
  const namespace = await createNamespace(service);
  await service.database.db.execute(`
    insert into files (id, organization_id, namespace_id, path, source, state, size_bytes,
      content_type, sha256, key)
    select gen_random_uuid(), n.organization_id, n.id,
      lpad((i % 1000)::text, 4, '0') || '/' || lpad(i::text, 5, '0') || '.txt',
      'upload', 'stored', 1, 'text/plain', repeat('0', 64), 'files/' || gen_random_uuid()
    from storage_namespaces n, generate_series(1, 10000) i where n.name = '${namespace}'`);
  await service.database.db.execute('analyze files');
  for (const [query, count] of [
    ['limit=500', 10_000],
    ['limit=500&folders=true', 1000],
  ] as const) {
    const pages = await pagesOf(service, namespace, query);
    expect(new Set(pages.flat()).size).toBe(count);
  }
});

test('a file is moved to another path, and to another namespace', async ({ service }) => {
  const namespace = await createNamespace(service);
  const other = await createNamespace(service);
  const made = await store(service, namespace, 'a/b.txt', 'content');
  const at = `/v1/storage/${namespace}/files/${made.id}`;
  expect((await service.call('PATCH', at, {})).json).toEqual(made);
  const renamed = await service.call('PATCH', at, { path: 'c/d.bin' });
  expect(renamed.json).toEqual({ ...made, path: 'c/d.bin', name: 'd.bin' });
  const moved = await service.call('PATCH', at, { namespace: other });
  expect(moved.json).toEqual({ ...renamed.json, namespace: other });
  expect(await service.call('GET', at)).toMatchObject({
    status: 404,
    json: { code: 'file.not_found' },
  });
  const content = await ask(service, `${filesUrl(service, other)}/${made.id}/content`);
  expect(content.bytes.toString()).toBe('content');
  // Back at its path, where another one is by now.
  await store(service, namespace, 'c/d.bin');
  const back = await service.call('PATCH', `/v1/storage/${other}/files/${made.id}`, { namespace });
  expect(back).toMatchObject({ status: 409, json: { code: 'file.path_in_use' } });
  const nowhere = { namespace: 'nowhere' };
  expect(
    await service.call('PATCH', `/v1/storage/${other}/files/${made.id}`, nowhere),
  ).toMatchObject({
    status: 404,
    json: { code: 'storage.namespace_not_found' },
  });
});

test('a deleted file is gone, and its path is free', async ({ service }) => {
  const namespace = await createNamespace(service);
  const made = await store(service, namespace, 'a');
  const at = `/v1/storage/${namespace}/files/${made.id}`;
  expect(await service.call('DELETE', at)).toMatchObject({ status: 200, json: made });
  for (const method of ['GET', 'DELETE', 'PATCH']) {
    const answer = await service.call(method, at, method === 'PATCH' ? {} : undefined);
    expect(answer, method).toMatchObject({ status: 404, json: { code: 'file.not_found' } });
  }
  expect(await put(service, namespace, 'a', { query: { overwrite: 'false' } })).toMatchObject({
    status: 200,
  });
  expect(await pathsIn(service, namespace)).toEqual(['a']);
});

test('one of two moves to one path wins', async ({ service }) => {
  const namespace = await createNamespace(service);
  const both = [await store(service, namespace, 'a'), await store(service, namespace, 'b')];
  const moved = await Promise.all(
    both.map(({ id }) =>
      service.call('PATCH', `/v1/storage/${namespace}/files/${id}`, { path: 'c' }),
    ),
  );
  expect(moved.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
});
