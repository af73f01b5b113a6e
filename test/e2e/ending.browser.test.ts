import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { freshEnv } from '../support/fresh-env.ts';
import { caller } from '../support/http.ts';
import { processesOf, sendSignal } from '../support/processes.ts';
import { spawnService, startService } from '../support/service-process.ts';
import { freshDirectory } from '../support/storages.ts';

/** `exec` keeps a shell out of the terminal's process group: only npm and the service get its signals. */
function terminalWithService(env: Record<string, string>) {
  return spawn('script', ['-qec', 'exec npm start', '/dev/null'], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

async function postgresOf(data: string): Promise<number> {
  const file = await readFile(join(data, 'postgres/data/postmaster.pid'), 'utf8');
  return Number(file.split('\n')[0]);
}

test('Ctrl-C on `npm start` shuts the service down once, and leaves no process', async () => {
  const env = await freshEnv();
  // The terminal signals npm and the service, and npm signals the service again.
  const terminal = terminalWithService(env);
  onTestFinished(() => void terminal.kill());
  let shown = '';
  terminal.stdout.on('data', (chunk) => (shown += String(chunk)));
  await vi.waitFor(() => expect(shown).toContain('curl'), 60_000);
  const key = /bctrl_[\w-]{43}/.exec(shown)?.[0];
  const url = /Address +(\S+)/.exec(shown)?.[1] ?? '';
  const create = { alias: 'a', kind: 'browser' };
  const { status } = await caller(url, key)('POST', '/v1/workspaces/default/runtimes', create);
  expect(status).toBe(200);

  const ended = once(terminal, 'close');
  terminal.stdin.write('\x03\x03');
  expect(await ended).toEqual([0, null]);
  expect(shown.match(/shutting down/g)).toHaveLength(1);
  expect(shown).toContain('runtime ended');
  expect(await processesOf(env.BCTRL_BROWSER_DIR)).toEqual([]);
});

test('closing the terminal leaves no process of the service', async () => {
  const env = await freshEnv();
  const terminal = terminalWithService(env);
  let shown = '';
  terminal.stdout.on('data', (chunk) => (shown += String(chunk)));
  await vi.waitFor(() => expect(shown).toContain('curl'), 60_000);
  terminal.kill('SIGKILL');
  await vi.waitFor(
    async () => expect(await processesOf(env.BCTRL_BROWSER_DIR)).toEqual([]),
    20_000,
  );
});

test('a signal ends the start of the service at every stage', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const connected = once(silent, 'connection');

  const hangs = join(await freshDirectory(), 'chromium');
  await writeFile(hangs, '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });

  const stages: [string, Record<string, string>, (data: string) => Promise<unknown>][] = [
    [
      'a database that does not answer',
      { DATABASE_URL: `postgres://u:p@127.0.0.1:${port}/db` },
      () => connected,
    ],
    ['initdb', {}, (data) => access(join(data, 'postgres/data.new'))],
    ['Postgres', {}, (data) => access(join(data, 'postgres/data/postmaster.pid'))],
    [
      'the test launch of a browser',
      { CHROMIUM_PATH: hangs },
      async () => expect(await processesOf('sleep\x001000')).not.toEqual([]),
    ],
  ];
  for (const [stage, extra, isThere] of stages) {
    const env = await freshEnv({ isFirst: true });
    const service = spawnService({ ...env, ...extra });
    await vi.waitFor(() => isThere(env.BCTRL_DATA_DIR), { timeout: 60_000, interval: 20 });
    const asked = performance.now();
    expect(await service.stop('SIGTERM'), stage).toBe(0);
    expect(performance.now() - asked, stage).toBeLessThan(10_000);
    expect(service.output + service.log, stage).not.toContain('listening');
    expect(await processesOf(env.BCTRL_BROWSER_DIR), stage).toEqual([]);
  }
});

test('a shutdown that hangs is logged, and a time limit or another signal ends it completely', async () => {
  const env = await freshEnv();
  const stopped: number[] = [];
  const hanging = async (extra: Record<string, string>) => {
    const service = await startService({
      ...env,
      ...extra,
      BCTRL_API_KEY: "a key of one's own".replaceAll(' ', '-'),
    });
    const call = caller(service.url, "a-key-of-one's-own");
    expect(
      await call('POST', '/v1/workspaces/default/runtimes', { alias: 'a', kind: 'browser' }),
    ).toMatchObject({ status: 200 });
    const postgres = await postgresOf(env.BCTRL_DATA_DIR);
    // The postmaster is stopped first, so that it starts no more processes.
    sendSignal(postgres, 'SIGSTOP');
    for (const { pid, parent } of await processesOf(`${env.BCTRL_DATA_DIR}/postgres`)) {
      if (pid !== postgres && parent !== postgres) continue;
      sendSignal(pid, 'SIGSTOP');
      stopped.push(pid);
    }
    return service;
  };
  const left = async () =>
    (await processesOf('postgres')).filter(({ pid }) => stopped.includes(pid));
  onTestFinished(async () => {
    for (const { pid } of await left()) sendSignal(pid, 'SIGKILL');
  });
  const assertNothingLeft = async () => {
    // A killed process takes a moment to be gone.
    await expect.poll(() => processesOf(env.BCTRL_BROWSER_DIR)).toEqual([]);
    await expect.poll(left, { timeout: 20_000 }).toEqual([]);
  };
  const late = await hanging({ BCTRL_SHUTDOWN_GRACE_MS: '500' });
  expect(await late.stop('SIGTERM')).toBe(1);
  expect(late.log).toContain('the shutdown took too long');
  await assertNothingLeft();

  const told = await hanging({});
  let isOver = false;
  const over = told.stop('SIGTERM').finally(() => (isOver = true));
  const again = setInterval(() => isOver || void told.stop('SIGTERM'), 100);
  expect(await over).toBe(1);
  clearInterval(again);
  expect(told.log).toContain('told again to end');
  expect(told.log.match(/shutting down/g)).toHaveLength(1);
  await assertNothingLeft();
});
