import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { glob, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import puppeteer, { type Page } from 'puppeteer-core';
import { generate } from 'selfsigned';
import { expect, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  crx2Of,
  crx3Of,
  marker,
  REACT_DEVTOOLS,
  rsaKey,
  storePackage,
  zipOf,
} from '../support/packages.ts';
import { openTestService, type TestService } from '../support/service.ts';
import { openSite } from '../support/site.ts';
import { createWorkspace, test } from '../support/test.ts';

const PATH = '/v1/browser-extensions';

async function upload({ url, apiKey }: TestService, content: Buffer, fields: object = {}) {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(content)]), 'package');
  for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
  const headers = { authorization: `Bearer ${apiKey}` };
  const response = await fetch(url + PATH + '/upload', { method: 'POST', headers, body: form });
  const text = await response.text();
  return { status: response.status, json: JSON.parse(text), text };
}

async function add(service: TestService, content: Buffer, fields: object = {}) {
  const added = await upload(service, content, fields);
  expect(added, added.text).toMatchObject({ status: 200 });
  return added.json;
}

async function openPage(cdpUrl: string): Promise<Page> {
  const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  if (!page) throw new Error('there is no page');
  return page;
}

const markOf = (page: Page, name: string) =>
  page.evaluate(`document.documentElement.dataset['${name}'] ?? null`);
const ephemeral = (...extensionIds: string[]) => ({ launch: { mode: 'ephemeral', extensionIds } });

test('an extension is uploaded, listed, renamed and deleted', async ({ service }) => {
  const made = await add(service, await marker('First'), { name: 'mine' });
  expect(made).toMatchObject({
    name: 'mine',
    version: '1.0',
    manifestVersion: 3,
    format: 'zip',
    contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    sizeBytes: expect.any(Number),
    permissions: ['storage'],
    runtimeExtensionId: expect.stringMatching(/^[a-p]{32}$/),
    warnings: [],
  });
  const again = await add(service, await marker('First'));
  expect(again).toEqual(made);
  const listed = await service.call('GET', PATH);
  expect(listed.json.extensions).toContainEqual(made);
  const path = `${PATH}/${made.id}`;
  expect((await service.call('GET', path)).json).toEqual(made);
  expect((await service.call('PATCH', path, { name: 'ours' })).json.name).toBe('ours');
  for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']] as const) {
    expect(await service.callAsOther(method, path, body)).toMatchObject({
      status: 404,
      json: { code: 'extension.not_found' },
    });
  }
  expect(await service.call('DELETE', path)).toMatchObject({ status: 200 });
  expect(await service.call('GET', path)).toMatchObject({ status: 404 });
  expect(await readdir(service.uploadDir)).toEqual([]);
});

test('extensions are loaded in their order, and run in every page from the first one on', async ({
  service,
  workspace,
}) => {
  const site = await openSite();
  const [one, two] = [
    await add(service, await marker('One')),
    await add(service, await marker('Two')),
  ];
  const created = await workspace.create(ephemeral(two.id, one.id, two.id));
  expect(created.extensions.map(({ id }: { id: string }) => id)).toEqual([two.id, one.id]);
  expect(created.extensions[1]).toEqual({
    id: one.id,
    name: 'One',
    version: '1.0',
    runtimeExtensionId: one.runtimeExtensionId,
  });
  const page = await openPage(created.connection.cdpUrl);
  await page.goto(site);
  expect(await markOf(page, 'One')).toBe(one.runtimeExtensionId);
  expect(await markOf(page, 'Two')).toBe(two.runtimeExtensionId);
  await expect.poll(() => markOf(page, 'Onesaid')).toBe('1');

  const other = await workspace.create();
  expect(other.extensions).toEqual([]);
  const plain = await openPage(other.connection.cdpUrl);
  await plain.goto(site);
  expect(await markOf(plain, 'One')).toBeNull();

  expect(await service.call('DELETE', `${PATH}/${one.id}`)).toMatchObject({
    status: 409,
    json: { code: 'extension.in_use', details: { runtimeId: created.id } },
  });
  const stopped = await workspace.stop(created.id);
  expect(stopped.json.extensions).toEqual([]);
  expect(await service.call('DELETE', `${PATH}/${one.id}`)).toMatchObject({ status: 200 });
});

test("a profile's extensions keep their storage over runtimes", async ({ service, workspace }) => {
  const site = await openSite();
  const { id } = await add(service, await marker('Kept'));
  const name = `p-${randomUUID()}`;
  const made = await service.call('POST', '/v1/browser-profiles', { name, extensionIds: [id] });
  const launch = { mode: 'profile', profileId: made.json.id };
  for (const count of ['1', '2']) {
    const created = await workspace.create({ launch });
    expect(created.extensions).toMatchObject([{ id }]);
    const page = await openPage(created.connection.cdpUrl);
    await page.goto(site);
    await expect.poll(() => markOf(page, 'Keptsaid')).toBe(count);
    await workspace.stop(created.id);
  }
  expect(await service.call('DELETE', `${PATH}/${id}`)).toMatchObject({
    status: 409,
    json: { code: 'extension.in_use', details: { profileId: made.json.id } },
  });
  const unknown = { name: 'x', extensionIds: [randomUUID()] };
  expect(await service.call('POST', '/v1/browser-profiles', unknown)).toMatchObject({
    status: 404,
    json: { code: 'extension.not_found', details: { extensionId: unknown.extensionIds[0] } },
  });
});

test('a real extension from the Web Store has its own id, and its effect', async ({
  service,
  workspace,
}) => {
  const react = await add(service, await storePackage(REACT_DEVTOOLS));
  expect(react).toMatchObject({
    name: 'React Developer Tools',
    format: 'crx3',
    runtimeExtensionId: REACT_DEVTOOLS,
    warnings: [],
  });
  const created = await workspace.create(ephemeral(react.id));
  const page = await openPage(created.connection.cdpUrl);
  const site = await openSite();
  const hook = 'typeof window.__REACT_DEVTOOLS_GLOBAL_HOOK__';
  // Its worker registers the script that does it, some time after it has started.
  await expect.poll(() => page.goto(site).then(() => page.evaluate(hook))).toBe('object');
  const popup = await page.browser().newPage();
  await popup.goto(`chrome-extension://${REACT_DEVTOOLS}/popups/disabled.html`);
  expect(await popup.evaluate('document.body.innerText')).toContain('React');
});

test('rules are indexed for each browser, and block from the first page on', async ({
  service,
  workspace,
}) => {
  const rules = [{ id: 1, action: { type: 'block' }, condition: { urlFilter: 'blocked' } }];
  const blocker = await marker(
    'Blocker',
    {
      permissions: ['declarativeNetRequest', 'storage'],
      declarative_net_request: {
        rule_resources: [{ id: 'r', enabled: true, path: 'rules.json' }],
      },
    },
    { 'rules.json': JSON.stringify(rules) },
  );
  const { id } = await add(service, blocker);
  const site = await openSite();
  const pages = await Promise.all(
    [1, 2].map(async () => openPage((await workspace.create(ephemeral(id))).connection.cdpUrl)),
  );
  for (const page of pages) {
    await page.goto(site);
    const ask = (path: string) =>
      page.evaluate(`fetch('${site}${path}').then(() => 'passed', () => 'blocked')`);
    expect(await ask('blocked')).toBe('blocked');
    expect(await ask('other')).toBe('passed');
  }
  // Each browser writes its own index, and none beside the files that all of them share.
  const folders: string[] = [];
  const indexes = 'extensions/**/_metadata/generated_indexed_rulesets';
  for await (const path of glob(indexes, { cwd: service.dataDir })) {
    folders.push(path.split('/').slice(0, 3).join('/'));
  }
  expect(new Set(folders).size).toBe(2);
  expect(folders.every((path) => path.startsWith('extensions/browsers/'))).toBe(true);
});

test('an extension reads no files of the machine', async ({ service, workspace }) => {
  const reader = await marker(
    'Reader',
    { host_permissions: ['<all_urls>', 'file:///*'] },
    { 'page.html': '<title>page</title>' },
  );
  const { id, runtimeExtensionId } = await add(service, reader);
  const { connection } = await workspace.create(ephemeral(id));
  const page = await openPage(connection.cdpUrl);
  await page.goto(`chrome-extension://${runtimeExtensionId}/page.html`);
  expect(await page.title()).toBe('page');
  const read = `fetch('file:///etc/hostname').then((r) => r.text()).then(() => 'read', () => 'refused')`;
  expect(await page.evaluate(read)).toBe('refused');
});

test('a crx is what its key says, or nothing', async ({ service }) => {
  const zip = await marker('Signed');
  const key = rsaKey();
  const made = await add(service, crx3Of(zip, key));
  expect(made.format).toBe('crx3');
  const older = await marker('Older');
  expect((await add(service, crx2Of(older, key))).runtimeExtensionId).toBe(made.runtimeExtensionId);
  const changed = crx3Of(zip, key);
  changed.writeUInt8(changed.readUInt8(changed.length - 30) ^ 1, changed.length - 30);
  for (const content of [
    changed,
    crx3Of(zip, key, rsaKey()),
    crx3Of(zip, key).subarray(0, 200),
    Buffer.from('Cr24'),
    Buffer.concat([Buffer.from('Cr24'), Buffer.alloc(8, 0xff)]),
  ]) {
    expect(await upload(service, content)).toMatchObject({
      status: 400,
      json: { code: 'extension.invalid_package', details: { problems: [{ path: '' }] } },
    });
  }
});

test('two that Chromium takes for one are refused together', async ({ service, workspace }) => {
  const first = await add(service, await marker('Same'));
  const second = await add(service, await marker('Same', { version: '2.0' }));
  const answer = await service.call('POST', workspace.runtimes, {
    alias: 'x',
    kind: 'browser',
    ...ephemeral(first.id, second.id),
  });
  expect(answer).toMatchObject({ status: 409, json: { code: 'extension.conflict' } });
  const many = await service.call('POST', workspace.runtimes, {
    alias: 'x',
    kind: 'browser',
    ...ephemeral('a', 'b', 'c', 'd'),
  });
  expect(many).toMatchObject({
    status: 400,
    json: { details: { issues: [{ path: 'launch.extensionIds' }] } },
  });
  const foreign = await service.callAsOther('POST', '/v1/workspaces/default/runtimes', {
    alias: 'x',
    kind: 'browser',
    ...ephemeral(first.id),
  });
  expect(foreign).toMatchObject({ status: 404, json: { code: 'extension.not_found' } });
});

const worker = (code: string) => ({
  'manifest.json': {
    manifest_version: 3,
    name: 'W',
    version: '1',
    background: { service_worker: 'w.js' },
    oops: 1,
  },
  'w.js': code,
});

test('what Chromium reports comes back, and what cannot work is refused', async ({ service }) => {
  const warned = await add(service, await zipOf(worker('setTimeout(() => nothing(), 0);')));
  expect(warned.warnings).toEqual([
    { kind: 'manifest', message: 'The key "oops" is not known here, and is left out.' },
    { kind: 'runtime', message: expect.stringContaining('nothing is not defined'), source: 'w.js' },
  ]);
  const broken = await upload(service, await zipOf(worker('nothing();')));
  expect(broken).toMatchObject({ status: 400, json: { code: 'extension.invalid_package' } });
  expect(broken.text).toContain('Service worker registration failed');
  expect(broken.text).toContain('nothing is not defined');
});

test('an extension that does not load any more fails the create', async ({
  service,
  workspace,
}) => {
  const { id } = await add(service, await marker('Lost'));
  const stored = await service.database.db.query.browserExtensions.findFirst({
    where: (row, { eq }) => eq(row.id, id),
  });
  await writeFile(join(service.dataDir, 'objects', stored?.key ?? ''), 'damaged');
  const answer = await service.call('POST', workspace.runtimes, {
    alias: 'lost',
    kind: 'browser',
    ...ephemeral(id),
  });
  expect(answer).toMatchObject({
    status: 502,
    json: { code: 'extension.load_failed', details: { extensionId: id } },
  });
  const runtime = await service.call('GET', `${workspace.runtimes}/lost`);
  expect(runtime.json).toMatchObject({
    status: 'failed',
    failure: { code: 'extension.load_failed' },
  });
});

test('a package is imported from an https address, within what browsers may reach', async ({
  service,
}) => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, cert]);
  onTestFinished(() => setDefaultCACertificates(trusted));
  const content = await marker('Imported');
  const server = createServer({ key, cert }, (request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/package' }).end();
    else if (request.url === '/plain')
      response.writeHead(302, { location: 'http://localhost/' }).end();
    else if (request.url === '/none') response.writeHead(404).end();
    else response.end(content);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const base = `https://localhost:${typeof address === 'object' ? address?.port : ''}`;
  const get = (url: string) => service.call('POST', `${PATH}/import`, { url });
  const imported = await get(`${base}/moved`);
  expect(imported, imported.text).toMatchObject({ status: 200, json: { name: 'Imported' } });
  for (const url of [
    `${base}/none`,
    `${base}/plain`,
    'https://nowhere.invalid/x',
    'https://localhost:9/',
  ]) {
    expect(await get(url), url).toMatchObject({
      status: 502,
      json: { code: 'extension.download_failed' },
    });
  }
  expect(await get('http://localhost/x')).toMatchObject({ status: 400 });
  await using closed = await openTestService({ egressAllow: [] });
  const refused = await closed.call('POST', `${PATH}/import`, { url: `${base}/package` });
  expect(refused).toMatchObject({
    status: 422,
    json: { code: 'extension.url_not_allowed', details: { reason: 'private_address' } },
  });
});

test('nothing of a browser or a package stays', async () => {
  const service = await openTestService();
  const workspace = await createWorkspace(service);
  const { id } = await add(service, await marker('Gone'));
  await workspace.create(ephemeral(id));
  const unpacked = join(service.dataDir, 'extensions/unpacked');
  expect(await readdir(unpacked)).toHaveLength(1);
  await service[Symbol.asyncDispose]();
  await eventually(async () => expect(await readdir(unpacked).catch(() => [])).toEqual([]));
});
