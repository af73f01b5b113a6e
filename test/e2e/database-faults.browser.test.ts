import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { chromium } from 'playwright-core';
import { inject, test, type TestContext } from 'vitest';
import { WebSocket } from 'ws';
import { openDatabase } from '../../src/db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../../src/db/embedded.ts';
import { createDatabase, TEMPLATE } from '../support/database.ts';
import { freshEnv } from '../support/fresh-env.ts';
import { caller } from '../support/http.ts';
import { processesOf, sendSignal } from '../support/processes.ts';
import { spawnService, startService } from '../support/service-process.ts';

const KEY = 'a-key-that-is-given';
const CREATE = { alias: 'a', kind: 'browser' };
const RUNTIMES = '/v1/workspaces/default/runtimes';
const PGBOUNCER = '/usr/sbin/pgbouncer';
/** Enough for two requests that wait for each other; without a time limit they would wait far longer. */
const PATIENCE_MS = 20_000;

async function environment({ onTestFinished: onFinished }: TestContext) {
  return { ...(await freshEnv({ onFinished })), BCTRL_API_KEY: KEY, BCTRL_WARM_MAX: '1' };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

// Each waits for most of its time.
test.concurrent('only /healthz is answered before the configured key works', async (context) => {
  const { expect, onTestFinished } = context;
  const dataDir = inject('postgresDataDir');
  const name = `slow_${randomBytes(6).toString('hex')}`;
  await createDatabase(dataDir, name, TEMPLATE);
  await using database = await openDatabase({ ...embeddedAddress(dataDir), database: name });
  const socket = encodeURIComponent(embeddedAddress(dataDir).socketDir);
  const port = await freePort();
  const { promise: isReleased, resolve: release } = Promise.withResolvers<void>();
  onTestFinished(() => release());
  const { promise: isHeld, resolve: held } = Promise.withResolvers<void>();
  const holding = database.db.transaction(async (transaction) => {
    await transaction.execute(sql`lock table api_keys in access exclusive mode`);
    held();
    await isReleased;
  });
  await isHeld;
  const env = await environment(context);
  const DATABASE_URL = `postgres://bctrl@${socket}/${name}`;
  const service = spawnService({ ...env, PORT: String(port), DATABASE_URL });
  onTestFinished(() => void service.stop('SIGTERM'));
  const url = `http://127.0.0.1:${port}`;
  const call = caller(url, KEY);
  const health = () => call('GET', '/healthz').catch(() => ({ status: 0 }));
  await expect.poll(health, { timeout: 100_000 }).toMatchObject({ status: 200 });

  expect(await call('GET', '/readyz')).toMatchObject({ status: 503 });
  for (const path of [RUNTIMES, '/docs', '/openapi.json', '/metrics', '/nowhere']) {
    const refused = await call('GET', path);
    expect(refused, path).toMatchObject({ status: 503, json: { code: 'service.unavailable' } });
    expect(refused.headers.get('retry-after'), path).toBe('1');
  }
  const tab = new WebSocket(`${url}${RUNTIMES}/a/cdp`.replace('http', 'ws'));
  const [error] = await once(tab, 'error').catch((thrown: unknown) => [thrown]);
  expect(String(error)).toContain('503');

  release();
  await holding;
  await expect.poll(() => call('GET', '/readyz')).toMatchObject({ status: 200 });
  expect(await call('POST', RUNTIMES, CREATE)).toMatchObject({ status: 200 });
  expect(await service.stop('SIGTERM')).toBe(0);
});

test.concurrent('an embedded Postgres that dies is started again, and requests get a 503 in time while it hangs', async (context) => {
  const { expect, onTestFinished } = context;
  const env = await environment(context);
  const { BCTRL_DATA_DIR: data } = env;
  const foreign = { PGHOST: '192.0.2.1', PGPORT: '1', PGUSER: 'x', PGDATABASE: 'x' };
  const odd = { PGTARGETSESSIONATTRS: 'any', PGPREPARE: 'false', PGSSL: 'require' };
  const service = await startService({ ...env, ...foreign, ...odd });
  onTestFinished(() => void service.stop('SIGTERM'));
  const call = caller(service.url, KEY);
  expect(await call('POST', RUNTIMES, CREATE)).toMatchObject({ status: 200 });
  const postmaster = async () =>
    Number((await readFile(join(data, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0]);

  const first = await postmaster();
  sendSignal(first, 'SIGKILL');
  const status = async (path: string) => (await call('GET', path)).status;
  await expect.poll(() => service.log, { timeout: 60_000 }).toContain('is started again');
  await expect.poll(() => status('/readyz'), { timeout: 60_000 }).toBe(200);
  expect(await postmaster()).not.toBe(first);
  expect(await call('GET', `${RUNTIMES}/a`)).toMatchObject({ json: { status: 'active' } });

  const second = await postmaster();
  // The postmaster is stopped first, so that it starts no more processes.
  sendSignal(second, 'SIGSTOP');
  const all = (await processesOf(`${data}/postgres`)).filter(
    ({ pid, parent }) => pid === second || parent === second,
  );
  const tell = (signal: NodeJS.Signals) => {
    for (const { pid } of all) {
      try {
        sendSignal(pid, signal);
      } catch {
        // The process has ended since it was found.
      }
    }
  };
  tell('SIGSTOP');
  const asked = performance.now();
  const requests = Array.from({ length: 10 }, (_, n) => [
    call('GET', `${RUNTIMES}/a`),
    call('POST', RUNTIMES, { ...CREATE, alias: `b${n}` }),
    call('POST', `${RUNTIMES}/a/stop`),
    call('GET', '/v1/browser-profiles'),
    call('POST', '/v1/workspaces', { name: `w${n}` }),
  ]);
  for (const { status: answered, json, headers } of await Promise.all(requests.flat())) {
    expect([answered, json.code]).toEqual([503, 'service.unavailable']);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
  }
  expect(performance.now() - asked).toBeLessThan(PATIENCE_MS);
  expect(await call('GET', '/readyz')).toMatchObject({
    status: 503,
    json: { checks: { database: false } },
  });

  tell('SIGCONT');
  await expect.poll(() => status('/readyz'), { timeout: 60_000 }).toBe(200);
  expect(await call('POST', RUNTIMES, { ...CREATE, alias: 'c' })).toMatchObject({ status: 200 });

  // The service ends when its Postgres cannot stay up.
  const isOver = service.exited.then(() => true);
  while (!(await Promise.race([isOver, delay(100)]))) {
    const found = await processesOf(`${data}/postgres`);
    const server = found.find(({ parent }) => parent === service.pid);
    if (server) sendSignal(server.pid, 'SIGKILL');
  }
  expect(await service.exited).toBe(1);
  expect(service.log).toContain('bctrl: The embedded Postgres ends again and again: ');
  expect(await processesOf(data)).toEqual([]);
});

test
  .skipIf(!existsSync(PGBOUNCER))
  .concurrent(
    'the service works behind PgBouncer in transaction mode, also at an IPv6 address',
    async (context) => {
      const { expect, onTestFinished } = context;
      const { BCTRL_BROWSER_DIR: directory, BCTRL_DATA_DIR: dataDir } = await freshEnv({
        onFinished: onTestFinished,
      });
      await chmod(directory, 0o755);
      await using _postgres = await openEmbeddedPostgres(dataDir);
      const hasIpv6 = networkInterfaces()['lo']?.some(({ family }) => family === 'IPv6');
      const port = await freePort();
      const { socketDir } = embeddedAddress(dataDir);
      await writeFile(
        join(directory, 'pgbouncer.ini'),
        `[databases]
postgres = host=${socketDir} dbname=postgres user=bctrl
[pgbouncer]
listen_addr = ${hasIpv6 ? '::1' : '127.0.0.1'}
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
${process.getuid?.() === 0 ? 'user = nobody' : ''}
`,
      );
      const bouncer = spawn(PGBOUNCER, ['-q', join(directory, 'pgbouncer.ini')], {
        stdio: 'ignore',
      });
      onTestFinished(() => void bouncer.kill('SIGKILL'));
      const env = await environment(context);
      const host = hasIpv6 ? '[::1]' : '127.0.0.1';
      const DATABASE_URL = `postgres://any:p%40ss%23w%2Frd@${host}:${port}/postgres`;
      const service = await startService({ ...env, DATABASE_URL });
      onTestFinished(() => void service.stop('SIGTERM'));
      const call = caller(service.url, KEY);
      expect(await call('GET', '/readyz')).toMatchObject({ status: 200 });
      const { status, json } = await call('POST', RUNTIMES, CREATE);
      expect(status).toBe(200);
      const browser = await chromium.connectOverCDP(json.connection.cdpUrl);
      // A machine that stalls for seconds refuses some requests for a moment, as with any database.
      const ask = (n: number) =>
        n % 2
          ? call('GET', `${RUNTIMES}/a`)
          : call('POST', '/v1/workspaces', { name: `w-${randomUUID()}` });
      await Promise.all(
        Array.from({ length: 40 }, async (_, n) => {
          let answer = await ask(n);
          for (let tries = 1; answer.status === 503 && tries < 5; tries++) {
            await delay(Number(answer.headers.get('retry-after')) * 1000);
            answer = await ask(n);
          }
          expect(answer.status).toBe(200);
        }),
      );
      await browser.close();
      expect(await call('POST', `${RUNTIMES}/a/stop`)).toMatchObject({ status: 200 });
      expect(await service.stop('SIGTERM')).toBe(0);
    },
  );
