import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { chromium } from 'playwright-core';
import { expect, inject, onTestFinished } from 'vitest';
import yazl from 'yazl';
import { openCdp } from '../support/cdp.ts';
import { openTestService, type TestService } from '../support/service.ts';
import { openStorageSite } from '../support/storage-site.ts';
import { createWorkspace, test, type TestWorkspace } from '../support/test.ts';

const PROFILES = '/v1/browser-profiles';

async function createProfile({ call }: TestService) {
  const made = await call('POST', PROFILES, { name: `p-${randomUUID().slice(0, 8)}` });
  return { id: made.json.id, launch: { mode: 'profile', profileId: made.json.id } };
}

const headers = ({ apiKey }: TestService) => ({ authorization: `Bearer ${apiKey}` });

async function importZip(service: TestService, id: string, body: Buffer) {
  const response = await fetch(`${service.url}${PROFILES}/${id}/import`, {
    method: 'POST',
    headers: { ...headers(service), 'content-type': 'application/zip' },
    body: new Uint8Array(body),
  });
  // oxlint-disable-next-line typescript/no-explicit-any
  const json: any = await response.json();
  return { status: response.status, json };
}

/** Writes a text to three places, or reads them. */
async function inProfile(workspace: TestWorkspace, launch: object, site: string, text?: string) {
  const runtime = await workspace.create({ launch });
  const browser = await chromium.connectOverCDP(runtime.connection.cdpUrl);
  const [page] = browser.contexts()[0]?.pages() ?? [];
  await page?.goto(site);
  const found = await page?.evaluate(`(async (text) => {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('db', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('things');
      request.onsuccess = () => resolve(request.result);
      request.onerror = reject;
    });
    const things = database.transaction('things', 'readwrite').objectStore('things');
    if (text) {
      document.cookie = 'key=' + text + '; max-age=100000';
      localStorage.setItem('key', text);
      await new Promise((resolve) => { things.put(text, 'key').onsuccess = resolve; });
    }
    const stored = await new Promise((resolve) => {
      const request = database.transaction('things').objectStore('things').get('key');
      request.onsuccess = () => resolve(request.result ?? null);
    });
    return [document.cookie, localStorage.getItem('key'), stored];
  })(${JSON.stringify(text ?? null)})`);
  await browser.close();
  await workspace.stop(runtime.id);
  return found;
}

test('a version is exported as a zip, and imported into another profile', async ({
  service,
  workspace,
}) => {
  const site = await openStorageSite();
  const original = await createProfile(service);
  await inProfile(workspace, original.launch, site, 'zipped');
  const path = `${PROFILES}/${original.id}/versions/1/export`;
  const exported = await fetch(service.url + path, { headers: headers(service) });
  expect(exported.headers.get('content-type')).toBe('application/zip');
  expect(exported.headers.get('content-disposition')).toMatch(/filename="p-\w+-1\.zip"/);
  const archive = Buffer.from(await exported.arrayBuffer());

  const copy = await createProfile(service);
  expect(await importZip(service, copy.id, archive)).toMatchObject({
    status: 200,
    json: { version: 1, kind: 'imported', isCurrent: true, runtimeId: null },
  });
  expect(await inProfile(workspace, copy.launch, site)).toEqual(['key=zipped', 'zipped', 'zipped']);
  expect(await readdir(join(service.dataDir, 'checkouts'))).toEqual([]);
  expect(await readdir(service.uploadDir)).toEqual([]);
  expect(await service.call('GET', `${PROFILES}/${copy.id}/versions/9/export`)).toMatchObject({
    status: 404,
    json: { code: 'profile.version_not_found' },
  });
});

test("state is exported as Playwright's storageState, and imported from it", async ({
  service,
  workspace,
}) => {
  const site = await openStorageSite();
  const { origin } = new URL(site);
  const original = await createProfile(service);
  await inProfile(workspace, original.launch, site, 'stated');
  const path = `${PROFILES}/${original.id}/versions/1/storage-state`;
  const { json: state } = await service.call('GET', path);
  expect(state).toMatchObject({
    cookies: [{ name: 'key', value: 'stated', domain: 'localhost' }],
    origins: [
      {
        origin,
        localStorage: [{ name: 'key', value: 'stated' }],
        indexedDB: [{ name: 'db', stores: [{ name: 'things' }] }],
      },
    ],
  });
  const browser = await chromium.launch({
    executablePath: inject('chromiumPath'),
    args: ['--no-sandbox'],
  });
  onTestFinished(() => browser.close());
  const page = await (await browser.newContext({ storageState: state })).newPage();
  await page.goto(site);
  expect(await page.evaluate('localStorage.getItem("key")')).toBe('stated');

  const copy = await createProfile(service);
  const imported = await service.call('POST', `${PROFILES}/${copy.id}/storage-state`, state);
  expect(imported).toMatchObject({ status: 200, json: { kind: 'imported', isCurrent: true } });
  expect(await inProfile(workspace, copy.launch, site)).toEqual(['key=stated', 'stated', 'stated']);
});

test('a storageState with cookies by url, without expiry or with unknown fields is accepted', async ({
  service,
  workspace,
}) => {
  const { id, launch } = await createProfile(service);
  const site = await openStorageSite();
  const { hostname } = new URL(site);
  const cookies = [
    { name: 'key', value: 'given', url: site },
    { name: 'other', value: 'too', domain: hostname, path: '/', hostOnly: true, storeId: '0' },
  ];
  const imported = await service.call('POST', `${PROFILES}/${id}/storage-state`, { cookies });
  expect(imported, imported.text).toMatchObject({ status: 200, json: { kind: 'imported' } });
  const { json: state } = await service.call('GET', `${PROFILES}/${id}/versions/1/storage-state`);
  expect(state.cookies).toMatchObject([
    { name: 'key', value: 'given', domain: hostname, path: '/', expires: -1 },
    { name: 'other', value: 'too', domain: hostname, path: '/', expires: -1 },
  ]);
  expect(await inProfile(workspace, launch, site)).toEqual([
    expect.stringContaining('key=given'),
    null,
    null,
  ]);
});

/** Of files by their content, or of other things by their mode. */
async function zip(entries: Record<string, Buffer | number>): Promise<Buffer> {
  const file = new yazl.ZipFile();
  for (const [name, content] of Object.entries(entries)) {
    const [buffer, mode] =
      typeof content === 'number' ? [Buffer.from('x'), content] : [content, 0o100644];
    file.addBuffer(buffer, name, { mode });
  }
  file.end();
  return Buffer.concat(await file.outputStream.pipe(new PassThrough()).toArray());
}

test('an invalid state is refused, and nothing is written', async ({ service }) => {
  const { id } = await createProfile(service);
  const renamed = async (from: string, to: string) => {
    const bytes = await zip({ 'Default/Cookies': Buffer.from('x'), [from]: Buffer.from('x') });
    return Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');
  };
  const whole = await zip({ 'Default/Cookies': Buffer.alloc(10_000, 'abc') });
  const flagged = Buffer.from(whole);
  flagged.writeUInt16LE(
    flagged.readUInt16LE(flagged.lastIndexOf('PK\u0001\u0002') + 8) | 1,
    flagged.lastIndexOf('PK\u0001\u0002') + 8,
  );
  const cases: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['no zip', Buffer.from('hello')],
    ['cut off', whole.subarray(0, whole.length - 30)],
    ['no profile', await zip({ 'readme.txt': Buffer.from('x') })],
    ['traversal', await renamed('Default/xx/yy', '../../../../x')],
    ['an absolute path', await renamed('Default/xx/yy', '/tmp/evil/abc')],
    ['a backslash', await renamed('Default/xx/yy', 'Default\\xx\\yy')],
    ['a link', await zip({ 'Default/link': 0o120777 })],
    ['a device', await zip({ 'Default/device': 0o020666 })],
    ['the same file twice', await renamed('Default/Favicon', 'Default/Cookies')],
    ['an encrypted file', flagged],
    ['a bomb', await zip({ 'Default/History': Buffer.alloc(100 * 1024 ** 2) })],
  ];
  for (const [name, body] of cases) {
    expect(await importZip(service, id, body), name).toMatchObject({
      status: 400,
      json: { code: 'profile.invalid_import' },
    });
  }
  const cookie = { name: 'a', value: 'b', domain: 'a.test', path: '/' };
  const database = { name: 'd', version: 1.5, stores: [] };
  const states: [string, object][] = [
    ['cookies', { cookies: 1, origins: [] }],
    ['cookie', { cookie: [] }],
    ['cookies.1.value', { cookies: [cookie, { ...cookie, value: undefined }] }],
    ['cookies.0.path', { cookies: [{ ...cookie, path: undefined }] }],
    ['cookies.0.domain', { cookies: [{ ...cookie, path: undefined, url: 'https://a.test' }] }],
    ['cookies.0.url', { cookies: [{ name: 'a', value: 'b', url: 'about:blank' }] }],
    ['cookies.0.expires', { cookies: [{ ...cookie, expires: -2 }] }],
    ['cookies.0.sameSite', { cookies: [{ ...cookie, sameSite: 'no_restriction' }] }],
    ['origins.0.origin', { origins: [{ origin: 'file:///' }] }],
    [
      'origins.0.indexedDB.0.version',
      { origins: [{ origin: 'https://a.test', indexedDB: [database] }] },
    ],
    ['credentials', { credentials: [{}] }],
  ];
  for (const [path, state] of states) {
    expect(
      await service.call('POST', `${PROFILES}/${id}/storage-state`, state),
      path,
    ).toMatchObject({
      status: 400,
      json: { code: 'request.invalid', details: { issues: [{ in: 'body', path }] } },
    });
  }
  // Mistakes that only Chromium finds.
  for (const [path, state] of [
    ['cookies.1', { cookies: [cookie, { ...cookie, name: '__Host-a', secure: false }] }],
    [
      'origins.1',
      {
        origins: [
          { origin: 'https://b.test' },
          { origin: 'https://a.test', indexedDB: [{ ...database, version: 0 }] },
        ],
      },
    ],
  ] as const) {
    expect(
      await service.call('POST', `${PROFILES}/${id}/storage-state`, state),
      path,
    ).toMatchObject({
      status: 400,
      json: { code: 'profile.invalid_import', details: { issues: [{ in: 'body', path }] } },
    });
  }
  const text = await fetch(`${service.url}${PROFILES}/${id}/import`, {
    method: 'POST',
    headers: { ...headers(service), 'content-type': 'text/plain' },
    body: 'x',
  });
  expect(text.status).toBe(415);
  expect((await service.call('GET', `${PROFILES}/${id}/versions`)).json).toEqual({ versions: [] });
  expect(await readdir(join(service.dataDir, 'checkouts'))).toEqual([]);
  expect(await readdir(service.uploadDir)).toEqual([]);
});

const json = (value: object) => Buffer.from(JSON.stringify(value));

test('an import takes over only the state of sites', async ({ service, workspace }) => {
  const { id, launch } = await createProfile(service);
  const extension = { external_crx: 'e.crx', external_version: '1.0' };
  const preferences = {
    policy: { url_allowlist: ['file://*', 'chrome://*'] },
    download: { default_directory: '/tmp' },
  };
  const archive = await zip({
    'External Extensions/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json': json(extension),
    'NativeMessagingHosts/com.evil.host.json': json({ path: '/bin/sh' }),
    'Default/Extensions/a/manifest.json': json({}),
    'Default/Preferences': json(preferences),
    'Default/Local Storage/leveldb/CURRENT': Buffer.from('MANIFEST-000001'),
  });
  expect(await importZip(service, id, archive)).toMatchObject({ status: 200 });
  const exported = await fetch(`${service.url}${PROFILES}/${id}/versions/1/export`, {
    headers: headers(service),
  });
  const names = Buffer.from(await exported.arrayBuffer()).toString('latin1');
  expect(names).toContain('Local Storage/leveldb/CURRENT');
  expect(names).not.toMatch(/External|Native|Extensions|Preferences/);

  const { connection } = await workspace.create({ launch });
  using client = await openCdp(connection.cdpUrl);
  const { targetId } = await client.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await client.send('Target.attachToTarget', { targetId, flatten: true });
  for (const url of [
    '\u0001file:///etc/hostname',
    'fi\nle:///etc/hostname',
    'file:///etc/hostname',
  ]) {
    await expect(client.send('Page.navigate', { url }, String(sessionId))).rejects.toThrow();
  }
});

test('an export that is aborted, or asked for by HEAD, leaves nothing and harms nobody', async ({
  service,
  workspace,
}) => {
  const { id, launch } = await createProfile(service);
  await inProfile(workspace, launch, await openStorageSite(), 'x');
  const url = `${service.url}${PROFILES}/${id}/versions/1/export`;
  for (let round = 0; round < 5; round++) {
    const hangUp = new AbortController();
    await fetch(url, { headers: headers(service), signal: hangUp.signal });
    hangUp.abort();
    await fetch(url, { method: 'HEAD', headers: headers(service) });
  }
  await expect.poll(() => readdir(join(service.dataDir, 'checkouts'))).toEqual([]);
  expect(await service.call('GET', `${PROFILES}/${id}`)).toMatchObject({ status: 200 });
});

test('an import is refused beyond its size limit, and while a runtime writes the profile', async () => {
  await using service = await openTestService({ importMaxBytes: 1000 });
  const workspace = await createWorkspace(service);
  const { id, launch } = await createProfile(service);
  expect(await importZip(service, id, Buffer.alloc(2000))).toMatchObject({
    status: 413,
    json: { code: 'request.too_large' },
  });
  await workspace.create({ launch });
  expect(await importZip(service, id, Buffer.alloc(10))).toMatchObject({
    status: 409,
    json: { code: 'profile.in_use' },
  });
});
