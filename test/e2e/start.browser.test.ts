import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { Builder } from 'selenium-webdriver';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openEmbeddedPostgres } from '../../src/db/embedded.ts';
import { openCdp } from '../support/cdp.ts';
import { runCommand } from '../support/command-line.ts';
import { freshEnv } from '../support/fresh-env.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { caller } from '../support/http.ts';
import { chromiumsOf, processesOf, sendSignal } from '../support/processes.ts';

const run = promisify(execFile);

/** Of a service that launches no browsers but those that are asked for. */
async function plainEnv() {
  return { ...(await freshEnv()), BCTRL_WARM_MAX: '0' };
}

async function start(env: Record<string, string>): Promise<ServiceProcess> {
  const service = await startService(env);
  onTestFinished(async () => {
    await service.stop('SIGTERM');
  });
  return service;
}

const create = (service: ServiceProcess, key: string, alias = 'a') =>
  caller(service.url, key)('POST', '/v1/workspaces/default/runtimes', { alias, kind: 'browser' });

test('one command brings everything up, and the printed line creates a runtime', async () => {
  const service = await start(await freshEnv({ isFirst: true }));
  expect(service.output).toContain(`${service.url}/docs`);
  expect(service.apiKey).toMatch(/^bctrl_[\w-]{43}$/);
  const line = service.output.split('\n').find((text) => text.includes('curl'));
  const { stdout } = await run('/bin/sh', ['-c', line ?? 'false']);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'active', alias: 'first' });
  expect(service.log).not.toContain(service.apiKey);
  const [, link = 'none'] = /console#link=([\w-]{43}) /.exec(service.output) ?? [];
  expect(service.log).not.toContain(link);
  const signedIn = await fetch(`${service.url}/console/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: service.url },
    body: JSON.stringify({ link }),
  });
  expect(signedIn.status).toBe(200);
});

test('workspaces and keys survive a restart, and no second key is made', async () => {
  const env = await plainEnv();
  const first = await start(env);
  const call = caller(first.url, first.apiKey);
  const { json: made } = await call('POST', '/v1/workspaces', { name: 'kept' });
  expect(await first.stop('SIGTERM')).toBe(0);

  const second = await start(env);
  expect(second.apiKey).toBeUndefined();
  expect(second.output).toContain('$BCTRL_API_KEY');
  expect(second.output).toContain(`${second.url}/console\n`);
  expect(await caller(second.url, first.apiKey)('GET', '/v1/workspaces/kept')).toMatchObject({
    status: 200,
    json: { id: made.id },
  });
});

test('BCTRL_API_KEY is the key, whatever it holds, and is not shown', async () => {
  const key = `it's "my" key ${randomUUID()}`.replaceAll(' ', '~');
  const service = await start({ ...(await plainEnv()), BCTRL_API_KEY: key });
  expect(await caller(service.url, key)('GET', '/v1/workspaces')).toMatchObject({ status: 200 });
  expect(service.output + service.log).not.toContain(key);
});

test('SIGTERM ends every runtime and leaves no process, directory or active row', async () => {
  const env = await freshEnv();
  const service = await start(env);
  const key = service.apiKey ?? '';
  await Promise.all([create(service, key, 'a'), create(service, key, 'b')]);
  const late = create(service, key, 'late').catch(() => undefined);
  expect(await service.stop('SIGTERM')).toBe(0);
  await late;
  expect(await readdir(env.BCTRL_BROWSER_DIR)).toEqual(['data']);
  expect(await processesOf(env.BCTRL_BROWSER_DIR)).toEqual([]);

  const again = await start(env);
  const { json } = await caller(again.url, key)('GET', '/v1/workspaces/default/runtimes');
  const ends = json.runtimes.map(({ status }: { status: string }) => status);
  expect(ends).not.toContain('active');
  expect(ends.filter((status: string) => status === 'stopped').length).toBeGreaterThanOrEqual(2);
});

test('SIGTERM does not wait for clients that stay connected', async () => {
  const env = await plainEnv();
  const service = await start(env);
  const { json } = await create(service, service.apiKey ?? '');
  using client = await openCdp(json.connection.cdpUrl);
  const closed = once(client.socket, 'close');
  const { hostname, port } = new URL(service.url);
  const half = connect(Number(port), hostname);
  onTestFinished(() => void half.destroy());
  half.on('error', () => undefined);
  const path = '/v1/workspaces/default/runtimes/a/events';
  const waiting = caller(service.url, service.apiKey)('POST', `${path}/wait`, {
    eventTypes: ['page.opened'],
    timeoutMs: 60_000,
  });
  const streaming = fetch(`${service.url}${path}/stream`, {
    headers: { authorization: `Bearer ${service.apiKey}` },
  }).then((response) => response.text());
  await expect
    .poll(async () => (await caller(service.url, undefined)('GET', '/readyz')).status)
    .toBe(200);
  half.write('GET /healthz HTTP/1.1\r\nHost: x\r\nAuthoriz');

  const asked = performance.now();
  const stopped = service.stop('SIGTERM');
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([
    1001,
    'The service is shutting down: the runtime was stopped.',
  ]);
  expect(await stopped).toBe(0);
  expect(await waiting).toMatchObject({ status: 200, json: { event: null } });
  expect(await streaming).toContain(': ');
  expect(performance.now() - asked).toBeLessThan(10_000);
});

test('browsers go on while the database is away, and their ends are recorded afterwards', async () => {
  const env = await plainEnv();
  const { BCTRL_DATA_DIR: dataDir } = await freshEnv();
  const postgres = await openEmbeddedPostgres(dataDir);
  const socket = encodeURIComponent(join(dataDir, 'postgres'));
  const service = await start({
    ...env,
    DATABASE_URL: `postgres://bctrl@${socket}/postgres`,
  });
  const key = service.apiKey ?? '';
  const [kept, lost] = [await create(service, key, 'kept'), await create(service, key, 'lost')];
  using client = await openCdp(kept.json.connection.cdpUrl);
  using doomed = await openCdp(lost.json.connection.cdpUrl);
  const call = caller(service.url, key);
  const timesConnected = async () => {
    const { json } = await call('GET', '/v1/workspaces/default/runtimes/kept/events');
    return json.events.filter(({ type }: { type: string }) => type === 'runtime.connected').length;
  };
  await expect.poll(timesConnected).toBe(1);
  // Events are written without waiting; this request waits for its commit, which includes them.
  await call('POST', '/v1/workspaces', { name: 'on-disk' });
  await postgres[Symbol.asyncDispose]();
  doomed.send('Browser.crash').catch(() => undefined);
  expect(await client.send('Browser.getVersion')).toHaveProperty('product');
  await once(doomed.socket, 'close');
  using late = await openCdp(kept.json.connection.cdpUrl);
  expect(await late.send('Browser.getVersion')).toHaveProperty('product');
  const asked = performance.now();
  const refused = await create(service, key, 'refused');
  expect(refused).toMatchObject({ status: 503, json: { code: 'service.unavailable' } });
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(performance.now() - asked).toBeLessThan(5000);

  const again = await openEmbeddedPostgres(dataDir);
  onTestFinished(() => again[Symbol.asyncDispose]());
  const status = async (alias: string) =>
    (await call('GET', `/v1/workspaces/default/runtimes/${alias}`)).json.status;
  await vi.waitFor(async () => expect(await status('lost')).toBe('failed'), 15_000);
  expect(await status('kept')).toBe('active');
  await expect.poll(timesConnected, { timeout: 15_000 }).toBe(2);
  expect(await create(service, key, 'lost')).toMatchObject({ status: 200 });
});

test('no browser outlives a SIGKILL, and the next start marks its runtime failed', async () => {
  const env = await freshEnv();
  const killed = await start(env);
  const key = killed.apiKey ?? '';
  const { json: made } = await create(killed, key);
  // Starts every kind of helper process.
  const byPlaywright = await chromium.connect(made.connection.playwrightUrl);
  onTestFinished(() => byPlaywright.close());
  await new Builder().usingServer(made.connection.webdriverUrl).forBrowser('chrome').build();
  await killed.stop('SIGKILL');
  const browsers = async () => {
    const processes = await processesOf(env.BCTRL_BROWSER_DIR);
    return processes.filter(({ command }) => !command.includes('postgres'));
  };
  await vi.waitFor(async () => expect(await browsers()).toEqual([]), 3000);

  const again = await start(env);
  const call = caller(again.url, key);
  expect(await call('GET', `/v1/workspaces/default/runtimes/${made.id}`)).toMatchObject({
    json: {
      status: 'failed',
      summary: { browserRunning: false },
      failure: { code: 'runtime.service_restarted' },
    },
  });
  expect(await create(again, key)).toMatchObject({ status: 200 });
});

test('the keys command creates, lists and revokes keys, with and without a running service', async () => {
  const env = await plainEnv();
  const service = await start(env);
  const keys = async (...args: string[]) => {
    const { stdout } = await runCommand('cli/keys', args, {
      PATH: process.env['PATH'] ?? '',
      ...env,
    });
    return stdout.trim();
  };
  const secret = await keys('create', '--organization', 'acme', '--name', 'ci');
  const list = () => caller(service.url, secret)('GET', '/v1/workspaces');
  expect(await list()).toMatchObject({ status: 200, json: { workspaces: [{ name: 'default' }] } });
  const line = (await keys('list')).split('\n').find((text) => text.includes('acme'));
  expect(line).toMatch(/ci\tmember\tall workspaces\tactive$/);
  expect(line).not.toContain(secret);
  const id = line?.split('\t')[0] ?? '';
  await keys('revoke', id);
  expect(await list()).toMatchObject({ status: 401 });
  await expect(keys('revoke', id)).rejects.toMatchObject({ code: 1 });
  await expect(keys('revoke', 'no-id')).rejects.toMatchObject({ code: 1 });
  await expect(keys('frobnicate')).rejects.toMatchObject({
    stderr: expect.stringContaining('usage'),
  });

  await service.stop('SIGTERM');
  expect(await keys('list')).toContain('revoked');
  expect(await processesOf(env.BCTRL_DATA_DIR)).toEqual([]);
});

test('the doctor finds and ends the processes that a killed service left', async () => {
  // The jail is off, because in a jail not even a browser that hangs outlives the service.
  const env = { ...(await plainEnv()), BCTRL_JAIL: 'off' };
  const killed = await start(env);
  const key = killed.apiKey ?? '';
  const { json: made } = await create(killed, key);
  const doctor = async (...args: string[]) => {
    const given = { PATH: process.env['PATH'] ?? '', ...env };
    return runCommand('cli/doctor', args, given).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }) => ({ code, stdout }),
    );
  };
  expect(await doctor()).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${killed.pid}`),
  });

  const browsers = () => chromiumsOf(env.BCTRL_BROWSER_DIR);
  const [main] = await browsers();
  sendSignal(main?.pid, 'SIGSTOP');
  await killed.stop('SIGKILL');
  const found = await doctor();
  expect(found.code).toBe(1);
  expect(found.stdout).toContain(made.id);
  expect(found.stdout).toMatch(/chrom\w* \d+.*listening on \d+/);
  expect(await doctor('--fix')).toMatchObject({ code: 0 });
  expect(await browsers()).toEqual([]);

  const again = await start(env);
  const lost = await caller(again.url, key)('GET', `/v1/workspaces/default/runtimes/${made.id}`);
  expect(lost.json).toMatchObject({ status: 'failed', failure: { code: 'runtime.lost' } });
  expect(await doctor()).toMatchObject({ code: 0 });
});

test('every jail ends with a killed service, even if its browser hangs', async () => {
  const env = await plainEnv();
  const service = await start(env);
  const { json } = await create(service, service.apiKey ?? '');
  // Starts each helper in a jail of its own.
  const playwright = await chromium.connect(json.connection.playwrightUrl);
  onTestFinished(() => playwright.close());
  await fetch(`${json.connection.webdriverUrl}/session`, {
    method: 'POST',
    body: JSON.stringify({ capabilities: {} }),
  });
  const browserDir = env.BCTRL_BROWSER_DIR;
  const inside = (await processesOf(`BCTRL_BROWSER_DIRECTORY=${browserDir}`)).filter(
    ({ pid, command }) => pid !== service.pid && !command.startsWith('/usr/bin/bwrap'),
  );
  const [hung] = await chromiumsOf(browserDir);
  sendSignal(hung?.pid, 'SIGSTOP');
  const namespaces = async () => {
    const links = await Promise.all(
      inside.map(({ pid }) => readlink(`/proc/${pid}/ns/net`).catch(() => undefined)),
    );
    return links.filter((link) => link !== undefined);
  };
  const own = await readlink('/proc/self/ns/net');
  expect(new Set(await namespaces()).size).toBeGreaterThanOrEqual(3);
  expect(await namespaces()).not.toContain(own);

  await service.stop('SIGKILL');
  await expect.poll(namespaces, { timeout: 10_000 }).toEqual([]);
  const again = await start(env);
  expect((await caller(again.url, undefined)('GET', '/readyz')).json.jail.level).toBe('namespaces');
  expect(await again.stop('SIGTERM')).toBe(0);
  expect(await readdir(join(env.BCTRL_DATA_DIR, 'files')).catch(() => [])).toEqual([]);
  expect(await readdir(browserDir)).toEqual(['data']);
});

test('the answers to idempotent requests survive a restart', async () => {
  const env = await plainEnv();
  const first = await start(env);
  const key = first.apiKey ?? '';
  const post = async ({ url }: ServiceProcess) => {
    const response = await fetch(`${url}/v1/workspaces/default/runtimes`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': 'once',
      },
      body: JSON.stringify({ alias: 'a', kind: 'browser' }),
    });
    return { status: response.status, body: await response.text() };
  };
  const created = await post(first);
  expect(created.status).toBe(200);
  await first.stop('SIGTERM');
  const second = await start(env);
  expect(await post(second)).toEqual(created);
  const { json } = await caller(second.url, key)('GET', '/v1/workspaces/default/runtimes');
  expect(json.runtimes).toHaveLength(1);
});

test('a start with the wrong encryption key fails, and names the variable', async () => {
  const env = await plainEnv();
  const first = await start({ ...env, BCTRL_ENCRYPTION_KEY: 'one key of sixteen' });
  await first.stop('SIGTERM');
  await expect(
    startService({ ...env, BCTRL_ENCRYPTION_KEY: 'another key of it', LOG_LEVEL: 'silent' }),
  ).rejects.toMatchObject({
    exitCode: 1,
    said: "bctrl: BCTRL_ENCRYPTION_KEY is not the key that this database's secrets are encrypted with, and BCTRL_ENCRYPTION_KEYS_OLD does not have it.\n",
  });
});

test('a state that cannot be saved is kept, and the next start recovers it', async () => {
  const env = await plainEnv();
  const service = await start(env);
  const key = service.apiKey ?? '';
  const call = caller(service.url, key);
  const { id } = (await call('POST', '/v1/browser-profiles', { name: 'p' })).json;
  const launch = { mode: 'profile', profileId: id };
  const path = '/v1/workspaces/default/runtimes';
  const made = await call('POST', path, { alias: 'a', kind: 'browser', launch });
  expect(made, made.text).toMatchObject({ status: 200 });
  // Makes every write to the storage fail, as a full disk does.
  const unfinished = join(env.BCTRL_DATA_DIR, 'objects/.unfinished');
  await rm(unfinished, { recursive: true });
  await writeFile(unfinished, '');
  expect(await call('POST', `${path}/a/stop`)).toMatchObject({
    json: { status: 'failed', failure: { code: 'profile.save_failed' } },
  });
  await service.stop('SIGTERM');
  await rm(unfinished);
  const again = await start(env);
  const versions = await caller(again.url, key)('GET', `/v1/browser-profiles/${id}/versions`);
  expect(versions.json.versions).toMatchObject([
    { version: 1, kind: 'recovered', isCurrent: false, runtimeId: made.json.id },
  ]);
});

test('a checkout with a damaged owner file does not stop a start, and is kept', async () => {
  const env = await plainEnv();
  const first = await start(env);
  await first.stop('SIGTERM');
  const checkouts = join(env.BCTRL_DATA_DIR, 'checkouts');
  await mkdir(join(checkouts, 'c-spoilt'));
  await writeFile(join(checkouts, 'c-spoilt/owner.json'), '');
  await mkdir(join(checkouts, 'c-unclaimed'));
  const second = await start(env);
  expect(second.log).toContain('it cannot be told whose state this is');
  expect(await readdir(checkouts)).toEqual(['c-spoilt']);
});

test('a start that fails gives the reason in one sentence, and exit code 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const address = taken.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const running = await plainEnv();
  await start(running);

  const cases: [RegExp, Record<string, string>][] = [
    [/^bctrl: PORT \d+ is taken on 127.0.0.1: set PORT to a free one\.\n$/, { PORT: port }],
    [/^bctrl: HOST 203\.0\.113\.1 is no address of this machine\.\n$/, { HOST: '203.0.113.1' }],
    [/^bctrl: Invalid environment variable PORT: [^\n]+\.\n$/, { PORT: 'http' }],
    [/^bctrl: CHROMIUM_PATH names \/nowhere, [^\n]+\n$/, { CHROMIUM_PATH: '/nowhere' }],
    [/^bctrl: Chromium at \/bin\/false does not start: [^\n]+\n$/, { CHROMIUM_PATH: '/bin/false' }],
    [
      /^bctrl: Cannot reach the database of DATABASE_URL \(127.0.0.1:1\/db\): [^\n]+ECONNREFUSED[^\n]+\n$/,
      { DATABASE_URL: 'postgres://user:hidden@127.0.0.1:1/db' },
    ],
    [/^bctrl: Another bctrl is running on the data directory [^\n]+\n$/, running],
  ];
  await Promise.all(
    cases.map(async ([said, extra]) => {
      const failed = startService({ ...(await plainEnv()), LOG_LEVEL: 'silent', ...extra });
      const error: unknown = await failed.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ exitCode: 1, said: expect.stringMatching(said) });
      expect(String(error)).not.toContain('hidden');
    }),
  );
});

test('the service warns about a misspelt variable', async () => {
  const service = await start({ ...(await plainEnv()), BCTRL_DATA_DRI: '/x' });
  expect(service.log).toContain('BCTRL_DATA_DRI is not a variable of this service');
});
