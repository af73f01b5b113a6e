import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import {
  EgressPolicy,
  LocalMachine,
  openStorage,
  ReservedPorts,
} from '../../src/runtime-manager/index.ts';
import { eventually } from '../support/eventually.ts';
import { openTestJail } from '../support/jail.ts';
import { chromiumsOf, processesOf, sendSignal } from '../support/processes.ts';

const log = pino({ level: 'silent' });
const NOTHING = { profile: undefined, extensions: [] };
const never = new AbortController().signal;

async function freshDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bctrl-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function openNode(
  root: string,
  executablePath = inject('chromiumPath'),
  timeoutMs = 20_000,
  jailMode?: 'off',
) {
  const env = { PATH: '/usr/bin:/bin' };
  const reservedPorts = new ReservedPorts();
  const { jail } = await openTestJail(reservedPorts, [executablePath], jailMode);
  return LocalMachine.open({
    jail,
    filesRoot: join(await freshDirectory(), 'files'),
    directoryBytes: 1024 ** 3,
    id: randomUUID(),
    executablePath,
    chromedriverPath: undefined,
    ffmpegPath: undefined,
    flavor: 'full',
    root,
    env,
    launchTimeoutMs: timeoutMs,
    healthCheck: { intervalMs: 5000, timeoutMs: 10_000, busyMultiple: 12 },
    memoryFloorBytes: 0,
    warm: { min: 0, max: 0 },
    maxLaunches: 2,
    maxExtensions: 0,
    egress: {
      policy: new EgressPolicy({ allow: ['*'], reservedPorts }),
      reservedPorts,
      proxyTimeoutMs: 1000,
    },
    checkoutRoot: root,
    extensionRoot: join(await freshDirectory(), 'extensions'),
    storage: await openStorage(undefined, await freshDirectory()),
    log,
  });
}

async function expectNothingLeft(root: string): Promise<void> {
  expect(await readdir(root)).toEqual([]);
  await eventually(async () => expect(await processesOf(root)).toEqual([]));
}

test('killed, crashed and aborted browsers leave nothing', async () => {
  const root = await freshDirectory();
  await using node = await openNode(root);
  await expectNothingLeft(root);

  const killed = await node.launch(NOTHING, never);
  const [{ pid } = { pid: 0 }] = await chromiumsOf(root);
  await killed.kill();
  await expectNothingLeft(root);

  const ended = await node.launch(NOTHING, never);
  const [main] = await chromiumsOf(root);
  expect(main?.pid).not.toBe(pid);
  sendSignal(main?.pid, 'SIGKILL');
  expect(await ended.exited).toEqual({ code: null, signal: 'SIGKILL', killedFor: undefined });
  await expectNothingLeft(root);

  for (const afterMs of [0, 20, 50, 100, 150]) {
    await expect(node.launch(NOTHING, AbortSignal.timeout(afterMs))).rejects.toThrow(/timeout/);
    await expectNothingLeft(root);
  }
});

test('a browser that hangs can still be killed', async () => {
  const root = await freshDirectory();
  await using node = await openNode(root);
  const browser = await node.launch(NOTHING, never);
  for (const { pid } of await processesOf(root)) sendSignal(pid, 'SIGSTOP');
  await browser.kill();
  await expectNothingLeft(root);
});

test('a Chromium that does not come up fails the launch in time, and leaves nothing', async () => {
  const root = await freshDirectory();
  const script = join(await freshDirectory(), 'chromium');
  const behave = async (how: string) => {
    await writeFile(script, `#!/bin/sh\n${how}\n`);
    await chmod(script, 0o755);
  };
  await behave(`exec ${inject('chromiumPath')} "$@"`);
  await using node = await openNode(root, script, 1500);

  for (const [how, message] of [
    ['echo no display >&2; exit 3', 'Chromium exited (code 3) before it was ready'],
    ['sleep 60', 'Chromium was not ready in time'],
    ['echo DevTools listening on ws://127.0.0.1:1/x >&2; sleep 60', 'Chromium did not answer'],
    ['head -c 100000 /dev/urandom >&4; exit 1', 'Chromium exited (code 1) before it was ready'],
  ] as const) {
    await behave(how);
    await expect(node.launch(NOTHING, never)).rejects.toMatchObject({
      code: 'runtime.launch_failed',
      message: expect.stringContaining(message),
    });
    expect(await node.isLaunchable()).toBe(false);
    await expectNothingLeft(root);
  }

  await behave(`exec ${inject('chromiumPath')} "$@"`);
  expect(await node.isLaunchable()).toBe(true);
  await expectNothingLeft(root);
});

test('a Chromium that cannot start at all fails the start of the service, with a reason', async () => {
  const root = await freshDirectory();
  await expect(openNode(root, '/bin/false')).rejects.toThrow(
    'Chromium at /bin/false does not start: Chromium exited (code 1) before it was ready',
  );
  await expect(openNode(root, '/nowhere/chromium')).rejects.toThrow('/nowhere/chromium');
});

test("a browser sees nothing of the service's environment", async () => {
  vi.stubEnv('BCTRL_TEST_SECRET', 'do-not-tell');
  onTestFinished(() => void vi.unstubAllEnvs());
  const root = await freshDirectory();
  await using node = await openNode(root);
  const browser = await node.launch(NOTHING, never);
  const processes = await processesOf(root);
  expect(processes.length).toBeGreaterThan(3);
  for (const { command } of processes) expect(command).not.toContain('do-not-tell');
  await browser.kill();
});

test('a directory that is too long for sockets is refused with the limit', async () => {
  const root = join(await freshDirectory(), 'x'.repeat(80));
  const opening = openNode(root, inject('chromiumPath'), 20_000, 'off');
  await expect(opening).rejects.toThrow(/BCTRL_BROWSER_DIR is too long/);
  // Within a jail the directory has another path.
  await (await openNode(root))[Symbol.asyncDispose]();
});

test('a Chromium that hangs once is started again', async () => {
  const root = await freshDirectory();
  const directory = await freshDirectory();
  const script = join(directory, 'chromium');
  const hangs = join(directory, 'hangs');
  const real = inject('chromiumPath');
  await writeFile(
    script,
    `#!/bin/sh\nrm ${hangs} 2>/dev/null && exec sleep 60\nexec ${real} "$@"\n`,
  );
  await chmod(script, 0o755);
  await using node = await openNode(root, script);
  await writeFile(hangs, '');
  const browser = await node.launch(NOTHING, never);
  await browser.kill();
  await expectNothingLeft(root);
});
