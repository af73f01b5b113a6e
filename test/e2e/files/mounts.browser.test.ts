/** What becomes of downloads: in a namespace that workspaces share, or with their runtime. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { puppeteerPage } from '../../support/first-page.ts';
import { eventually } from '../../support/eventually.ts';
import { openFileSite } from '../../support/file-site.ts';
import type { TestService } from '../../support/service.ts';
import { test } from '../../support/test.ts';

const STORAGE = '/v1/storage';

/** The path of the runtimes of a workspace that mounts a namespace. */
async function mounting({ call }: TestService, namespace: string): Promise<string> {
  const mounts = { storage: { workspace: namespace } };
  const made = await call('POST', '/v1/workspaces', { name: randomUUID().slice(0, 8), mounts });
  expect(made, made.text).toMatchObject({ status: 200 });
  return `/v1/workspaces/${made.json.id}/runtimes`;
}

/** Starts a runtime and has its page download `unicode`. */
async function download({ call }: TestService, runtimes: string, alias: string, url: string) {
  const made = await call('POST', runtimes, { alias, kind: 'browser' });
  expect(made, made.text).toMatchObject({ status: 200 });
  const page = await puppeteerPage(made.json.connection.cdpUrl, url);
  await page.click('#unicode');
  return made.json.id;
}

test('two workspaces share what their runtimes download, also when these are gone', async ({
  service,
}) => {
  const { call, callAsOther } = service;
  const site = await openFileSite();
  const namespace = `exports-${randomUUID().slice(0, 8)}`;
  const [one, other] = [await mounting(service, namespace), await mounting(service, namespace)];
  const ids = await Promise.all([
    download(service, one, 'first', site.url),
    download(service, other, 'second', site.url),
  ]);
  const files = `${STORAGE}/${namespace}/files`;
  const stored = await eventually(async () => {
    const { json } = await call('GET', files);
    expect(json.files).toMatchObject([
      { path: 'first/Résumé — 日本.pdf', source: 'download', runtimeId: ids[0] },
      { path: 'second/Résumé — 日本.pdf', source: 'download', runtimeId: ids[1] },
    ]);
    return json.files;
  });
  expect((await call('GET', `${one}/first`)).json.summary.storageWorkspace).toBe(namespace);
  expect((await call('GET', `${one}/first/files`)).json.files).toMatchObject([
    {
      id: stored[0].id,
      state: 'stored',
      namespace,
      path: 'first/Résumé — 日本.pdf',
    },
  ]);
  expect(await callAsOther('GET', files)).toMatchObject({ status: 404 });
  expect(await callAsOther('GET', `${one}/first/files`)).toMatchObject({ status: 404 });
  for (const runtimes of [one, other]) {
    const workspace = runtimes.replace(/\/runtimes$/, '');
    await call('DELETE', `${workspace}?force=true`);
  }
  expect((await call('GET', files)).json.files).toHaveLength(2);
});

test('a download without a namespace goes with the record of its runtime, and frees its bytes', async ({
  service,
  workspace,
}) => {
  const { call } = service;
  const site = await openFileSite();
  const used = async () => (await call('GET', STORAGE)).json.usage.usedBytes;
  const before = await used();
  const id = await download(service, workspace.runtimes, 'alone', site.url);
  const files = `${workspace.runtimes}/${id}/files`;
  await eventually(async () =>
    expect((await call('GET', files)).json.files).toMatchObject([{ state: 'stored' }]),
  );
  expect(await used()).toBe(before + Buffer.byteLength('unicode'));
  await workspace.stop(id);
  expect((await call('GET', files)).json.files).toHaveLength(1);
  await call('DELETE', `${workspace.runtimes}/${id}`);
  await eventually(async () => expect(await used()).toBe(before));
});

test('a name that is taken gets a number', async ({ service }) => {
  const { call } = service;
  const site = await openFileSite();
  const namespace = `names-${randomUUID().slice(0, 8)}`;
  const runtimes = await mounting(service, namespace);
  const made = await call('POST', runtimes, { alias: 'a', kind: 'browser' });
  const page = await puppeteerPage(made.json.connection.cdpUrl, site.url);
  await page.click('#all');
  await eventually(async () => {
    const { json } = await call('GET', `${STORAGE}/${namespace}/files`);
    const paths = json.files.map(({ path }: { path: string }) => path);
    const numbered = Array.from({ length: 9 }, (_, nth) => `a/ten (${nth + 1}).txt`);
    expect(new Set(paths)).toEqual(new Set(['a/ten.txt', ...numbered]));
  });
});

test('events tell of a download, and the list how far it is', async ({ service, workspace }) => {
  const { call } = service;
  const site = await openFileSite();
  const { id, connection } = await workspace.create();
  const page = await puppeteerPage(connection.cdpUrl, site.url);
  await page.click('#slow');
  const files = `${workspace.runtimes}/${id}/files`;
  const [arriving] = await eventually(async () => {
    const { json } = await call('GET', files);
    expect(json.files).toMatchObject([
      {
        state: 'arriving',
        name: 'slow.bin',
        progress: { receivedBytes: 100_000, totalBytes: 1e6 },
      },
    ]);
    return json.files;
  });
  expect(await call('GET', `${files}/${arriving.id}/content`)).toMatchObject({
    status: 409,
    json: { code: 'file.no_content' },
  });
  await page.click('#unicode');
  const told = async () => {
    const { json } = await call('GET', `${workspace.runtimes}/${id}/events?limit=500`);
    return json.events.filter(({ type }: { type: string }) => type.startsWith('download.'));
  };
  await eventually(async () =>
    expect(await told()).toMatchObject([
      { type: 'download.started', data: { fileId: arriving.id, name: 'slow.bin' } },
      { type: 'download.started', data: { name: 'Résumé — 日本.pdf' } },
      { type: 'download.finished', data: { name: 'Résumé — 日本.pdf', sizeBytes: 7 } },
    ]),
  );
  await workspace.stop(id);
  expect((await call('GET', files)).json.files).toContainEqual(
    expect.objectContaining({
      id: arriving.id,
      state: 'failed',
      failure: expect.objectContaining({ code: 'download.cut_off' }),
    }),
  );
  // It is recorded beside the end.
  await eventually(async () =>
    expect((await told()).at(-1)).toMatchObject({
      type: 'download.failed',
      data: { fileId: arriving.id, code: 'download.cut_off' },
    }),
  );
});
