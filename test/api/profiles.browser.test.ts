import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import S3rver from 's3rver';
import { expect, onTestFinished } from 'vitest';
import { browserProfiles } from '../../src/db/schema/browser-profiles.ts';
import { eventually } from '../support/eventually.ts';
import { openCdp } from '../support/cdp.ts';
import { chromiumsOf } from '../support/processes.ts';
import { openTestService, type TestService } from '../support/service.ts';
import { openStorageSite, readState, writeState } from '../support/storage-site.ts';
import { createWorkspace, testWithoutWarm as test } from '../support/test.ts';

const PROFILES = '/v1/browser-profiles';

async function createProfile({ call }: TestService, more: object = {}) {
  const name = `p-${randomUUID().slice(0, 8)}`;
  const made = await call('POST', PROFILES, { name, ...more });
  expect(made, made.text).toMatchObject({ status: 200 });
  return { id: made.json.id, launch: { mode: 'profile', profileId: made.json.id } };
}

async function withPage<T>(cdpUrl: string, use: (page: Page, browser: Browser) => Promise<T>) {
  const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
  try {
    const [page] = await browser.pages();
    if (!page) throw new Error('there is no page');
    return await use(page, browser);
  } finally {
    await browser.disconnect();
  }
}

const versionsOf = async ({ call }: TestService, id: string) =>
  (await call('GET', `${PROFILES}/${id}/versions`)).json.versions;

test('the next runtime of a profile has its state of every kind, and no other runtime has it', async ({
  service,
  workspace,
}) => {
  const site = await openStorageSite();
  const { id, launch } = await createProfile(service);
  const first = await workspace.create({ launch });
  expect(first.summary).toMatchObject({ launchMode: 'profile', profileId: id });
  const written = await withPage(first.connection.cdpUrl, (page) => writeState(page, site, 'one'));
  const beside = await createProfile(service);
  const [other, ephemeral] = [
    await workspace.create({ launch: beside.launch }),
    await workspace.create(),
  ];
  for (const { connection } of [other, ephemeral]) {
    const seen = await withPage(connection.cdpUrl, (page) => readState(page, site));
    expect(Object.values(seen).filter((value) => value !== null)).toEqual([]);
  }
  expect(await workspace.stop(first.id)).toMatchObject({ json: { status: 'stopped' } });
  expect(await versionsOf(service, id)).toMatchObject([
    { version: 1, kind: 'saved', isCurrent: true, runtimeId: first.id },
  ]);

  const second = await workspace.create({ launch });
  const seen = await withPage(second.connection.cdpUrl, (page) => readState(page, site));
  // The state of one tab ends with the tab, as in any browser.
  expect(seen).toEqual({ ...written, sessionStorage: null, httpAuth: null });
  await workspace.stop(ephemeral.id);
  const fresh = await workspace.create();
  const none = await withPage(fresh.connection.cdpUrl, (page) => readState(page, site));
  expect(Object.values(none).filter((value) => value !== null)).toEqual([]);
});

test('a profile has one writer, and any number of readers beside it', async ({
  service,
  workspace,
}) => {
  const site = await openStorageSite();
  const { id, launch } = await createProfile(service);
  const writer = await workspace.create({ launch });
  await withPage(writer.connection.cdpUrl, (page) => writeState(page, site, 'saved'));
  await workspace.stop(writer.id);

  const again = await workspace.create({ launch, alias: 'holder' });
  const second = await service.call('POST', workspace.runtimes, {
    alias: 'second',
    kind: 'browser',
    launch,
  });
  expect(second).toMatchObject({
    status: 409,
    json: {
      code: 'profile.in_use',
      details: { runtimeId: again.id, alias: 'holder', since: again.createdAt },
    },
  });
  expect(await service.call('DELETE', `${PROFILES}/${id}`)).toMatchObject({ status: 409 });
  expect(await service.call('POST', `${PROFILES}/${id}/versions/1/restore`)).toMatchObject({
    status: 409,
    json: { code: 'profile.in_use' },
  });

  const readOnly = { ...launch, readOnly: true };
  const readers = [
    await workspace.create({ launch: readOnly }),
    await workspace.create({ launch: readOnly }),
  ];
  for (const { connection, id: readerId } of readers) {
    const seen = await withPage(connection.cdpUrl, async (page) => {
      const state = await readState(page, site);
      await writeState(page, site, 'lost');
      return state;
    });
    expect(seen['localStorage']).toBe('saved');
    await workspace.stop(readerId);
  }
  await workspace.stop(again.id);
  expect(await versionsOf(service, id)).toHaveLength(2);
  const last = await workspace.create({ launch });
  const seen = await withPage(last.connection.cdpUrl, (page) => readState(page, site));
  expect(seen['localStorage']).toBe('saved');
});

test('of concurrent creates with one profile exactly one wins', async ({ service, workspace }) => {
  const { launch } = await createProfile(service);
  const answers = await Promise.all(
    [1, 2, 3, 4, 5].map((n) =>
      service.call('POST', workspace.runtimes, { alias: `w-${n}`, kind: 'browser', launch }),
    ),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
    200, 409, 409, 409, 409,
  ]);
});

test('a fingerprint is the same in every page, frame and worker', async ({
  service,
  workspace,
}) => {
  const fingerprint = {
    locale: 'de-DE',
    timezone: 'Asia/Tokyo',
    viewport: { width: 900, height: 650 },
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Fingerprint/1.0',
  };
  const { launch } = await createProfile(service, { fingerprint });
  const { connection } = await workspace.create({ launch });
  const said = `JSON.stringify([navigator.language, navigator.languages.join(), navigator.userAgent,
    Intl.DateTimeFormat().resolvedOptions().timeZone, (1234.5).toLocaleString()])`;
  const site = createServer((request, response) => {
    const isScript = request.url === '/worker.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    if (isScript) response.end(`postMessage(${said})`);
    else if (request.url === '/headers') response.end(request.headers['accept-language']);
    else response.end('<title>site</title><iframe src="/frame"></iframe>');
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  onTestFinished(() => void site.close());
  const address = site.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
  const expected = ['de-DE', 'de-DE,de', fingerprint.userAgent, 'Asia/Tokyo', '1.234,5'];
  await withPage(connection.cdpUrl, async (page, browser) => {
    for (const tab of [page, await browser.newPage()]) {
      await tab.goto(url);
      expect(JSON.parse(String(await tab.evaluate(said)))).toEqual(expected);
      const frame = tab.frames().find((one) => one.url().endsWith('/frame'));
      expect(JSON.parse(String(await frame?.evaluate(said)))).toEqual(expected);
      const worker = `new Promise((r) => { new Worker('/worker.js').onmessage = (e) => r(e.data) })`;
      expect(JSON.parse(String(await tab.evaluate(worker)))).toEqual(expected);
      expect(await tab.evaluate('[innerWidth, innerHeight].join()')).toBe('900,650');
      expect(await tab.evaluate(`fetch('/headers').then((r) => r.text())`)).toBe('de-DE,de;q=0.9');
    }
  });
  // The profile was created on a machine that had the language.
  const { id, launch: unknown } = await createProfile(service);
  await service.database.db
    .update(browserProfiles)
    .set({ fingerprint: { locale: 'tlh' } })
    .where(eq(browserProfiles.id, id));
  expect(
    await service.call('POST', workspace.runtimes, {
      alias: 'k',
      kind: 'browser',
      launch: unknown,
    }),
  ).toMatchObject({ status: 422, json: { code: 'profile.locale_unavailable' } });
});

test('a crash leaves a recovered version, and the last good one stays current', async ({
  service,
  workspace,
}) => {
  const site = await openStorageSite();
  const { id, launch } = await createProfile(service);
  const first = await workspace.create({ launch });
  await withPage(first.connection.cdpUrl, (page) => writeState(page, site, 'good'));
  await workspace.stop(first.id);
  const second = await workspace.create({ launch });
  await withPage(second.connection.cdpUrl, (page) => writeState(page, site, 'unsaved'));
  using client = await openCdp(second.connection.cdpUrl);
  client.send('Browser.crash').catch(() => undefined);
  await eventually(async () =>
    expect(await versionsOf(service, id)).toMatchObject([
      { version: 2, kind: 'recovered', isCurrent: false },
      { version: 1, kind: 'saved', isCurrent: true },
    ]),
  );
  const stateOf = async () => {
    const runtime = await workspace.create({ launch: { ...launch, readOnly: true } });
    const seen = await withPage(runtime.connection.cdpUrl, (page) => readState(page, site));
    await workspace.stop(runtime.id);
    // Chromium would hold local storage back for some seconds.
    return seen['indexedDB'];
  };
  expect(await stateOf()).toBe('good');
  expect(await service.call('POST', `${PROFILES}/${id}/versions/2/restore`)).toMatchObject({
    json: { currentVersion: 2 },
  });
  expect(await stateOf()).toBe('unsaved');
});

test('the state of a running browser is saved without stopping it', async () => {
  await using service = await openTestService({ saveIntervalMs: 400 });
  const workspace = await createWorkspace(service);
  const site = await openStorageSite();
  const { id, launch } = await createProfile(service);
  const { connection, id: runtimeId } = await workspace.create({ launch });
  await withPage(connection.cdpUrl, (page) => writeState(page, site, 'running'));
  const newest = async () => (await versionsOf(service, id))[0]?.version ?? 0;
  const known = await newest();
  await eventually(async () => expect(await newest()).toBeGreaterThan(known + 1));
  // Each checkpoint replaces the one before it.
  expect((await versionsOf(service, id)).length).toBeLessThanOrEqual(2);
  expect((await versionsOf(service, id))[0]).toMatchObject({ kind: 'checkpoint', isCurrent: true });
  const savedState = async () => {
    const reader = await workspace.create({ launch: { ...launch, readOnly: true } });
    const seen = await withPage(reader.connection.cdpUrl, (page) => readState(page, site));
    await workspace.stop(reader.id);
    return seen;
  };
  // Chromium itself holds back what was written in the last seconds.
  await expect
    .poll(savedState)
    .toMatchObject({ localStorage: 'running', indexedDB: 'running', cache: 'running' });
  expect(await withPage(connection.cdpUrl, (page) => readState(page, site))).toMatchObject({
    localStorage: 'running',
  });
  await workspace.stop(runtimeId);
  expect((await versionsOf(service, id))[0]).toMatchObject({ kind: 'saved', isCurrent: true });
});

test('old versions are deleted with their archives, and the current one never is', async () => {
  await using service = await openTestService({ keepVersions: { count: 2, ageMs: 3_600_000 } });
  const workspace = await createWorkspace(service);
  const { id, launch } = await createProfile(service);
  for (let life = 0; life < 4; life++) {
    const { id: runtimeId } = await workspace.create({ launch });
    await workspace.stop(runtimeId);
    if (life === 0) await service.call('POST', `${PROFILES}/${id}/versions/1/restore`);
  }
  const numbers = (await versionsOf(service, id)).map(
    ({ version }: { version: number }) => version,
  );
  expect(numbers).toEqual([4, 3]);
  const folder = join(service.dataDir, 'objects/profiles');
  expect(await readdir(join(folder, id))).toHaveLength(2);
  await service.call('DELETE', `${PROFILES}/${id}`);
  expect(await readdir(folder)).toEqual([]);
  expect(await readdir(join(service.dataDir, 'checkouts'))).toEqual([]);
});

test('the refusal of a damaged version names the one before it, and the profile stays usable', async ({
  service,
  workspace,
}) => {
  const { id, launch } = await createProfile(service);
  for (let life = 0; life < 2; life++)
    await workspace.stop((await workspace.create({ launch })).id);
  const newest = await service.database.db.query.profileVersions.findFirst({
    where: (row, { and }) => and(eq(row.profileId, id), eq(row.version, 2)),
  });
  const file = join(service.dataDir, 'objects', newest?.key ?? '');
  const create = (alias: string) =>
    service.call('POST', workspace.runtimes, { alias, kind: 'browser', launch });
  const whole = await readFile(file);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(flipped.length >> 1) ^ 0xff, flipped.length >> 1);
  const damages = [flipped, whole.subarray(0, whole.length >> 1), Buffer.from('none'), undefined];
  // Else the next writer would not need the archive.
  await rm(join(service.dataDir, 'checkouts-ready'), { recursive: true });
  for (const [index, content] of damages.entries()) {
    await (content ? writeFile(file, content) : rm(file));
    expect(await create(`damaged-${index}`)).toMatchObject({
      status: 422,
      json: { code: 'profile.version_damaged', details: { version: 2, previousVersion: 1 } },
    });
    expect(await chromiumsOf(service.browserRoot)).toEqual([]);
    expect(await readdir(join(service.dataDir, 'checkouts'))).toEqual([]);
  }
  await service.call('POST', `${PROFILES}/${id}/versions/1/restore`);
  expect(await create('restored')).toMatchObject({ status: 200 });
});

test('a fork and its original do not share later changes', async ({ service, workspace }) => {
  const site = await openStorageSite();
  const { id, launch } = await createProfile(service, { fingerprint: { timezone: 'Asia/Tokyo' } });
  const first = await workspace.create({ launch });
  await withPage(first.connection.cdpUrl, (page) => writeState(page, site, 'shared'));
  await workspace.stop(first.id);
  const name = `f-${randomUUID()}`;
  const forked = await service.call('POST', `${PROFILES}/${id}/fork`, { name });
  expect(forked.json).toMatchObject({
    name,
    currentVersion: 1,
    fingerprint: { timezone: 'Asia/Tokyo' },
  });
  const copy = { mode: 'profile', profileId: forked.json.id };
  const [one, two] = [await workspace.create({ launch }), await workspace.create({ launch: copy })];
  await withPage(one.connection.cdpUrl, (page) => writeState(page, site, 'changed'));
  const seen = await withPage(two.connection.cdpUrl, (page) => readState(page, site));
  expect(seen['localStorage']).toBe('shared');
});

test('profiles are kept in a store that speaks S3', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bctrl-s3-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const configureBuckets = [{ name: 'profiles', configs: [] }];
  const store = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets,
  });
  const { port } = await store.run();
  onTestFinished(() => store.close());
  await using service = await openTestService({
    s3: {
      bucket: 'profiles',
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      prefix: '',
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
      forcePathStyle: true,
    },
  });
  const workspace = await createWorkspace(service);
  const site = await openStorageSite();
  const { id, launch } = await createProfile(service);
  const first = await workspace.create({ launch });
  await withPage(first.connection.cdpUrl, (page) => writeState(page, site, 'far away'));
  await workspace.stop(first.id);
  expect(await readdir(join(service.dataDir)).then((names) => names.includes('objects'))).toBe(
    false,
  );
  const reader = await workspace.create({ launch: { ...launch, readOnly: true } });
  const seen = await withPage(reader.connection.cdpUrl, (page) => readState(page, site));
  expect(seen).toMatchObject({ localStorage: 'far away', sessionCookie: 'far away' });
  await workspace.stop(reader.id);
  expect(await service.call('DELETE', `${PROFILES}/${id}`)).toMatchObject({ status: 200 });
});
