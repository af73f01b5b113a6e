import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { inject, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { loadConfig } from '../../src/api/config/config.ts';
import {
  EgressPolicy,
  openJail,
  ReservedPorts,
  programPaths,
} from '../../src/runtime-manager/index.ts';
import type { EgressRules } from '../../src/runtime-manager/runtime/index.ts';
import {
  fillBrowserRoots,
  openBrowserDirectory,
  resetBrowserRoots,
} from '../../src/runtime-manager/browser/browser-directory.ts';
import { mountsOf } from '../../src/runtime-manager/browser/browser-mounts.ts';
import type { BrowserSettings } from '../../src/runtime-manager/browser/launch-browser.ts';
import { launchConfined } from '../../src/runtime-manager/machine/confined-browser.ts';
import { cdpOver, type Cdp } from './cdp.ts';

const LIMITS = { memoryBytes: 768 * 1024 ** 2, tasks: 400, diskBytes: 128 * 1024 ** 2 };
const log = pino({ level: 'silent' });
const ATTEMPT_MAX_MS = 60_000;

/** What the service protects from browsers, without any of its checks in between. */
export interface OpenGates {
  settings: BrowserSettings;
  egress: { policy: EgressPolicy; reservedPorts: ReservedPorts; proxyTimeoutMs: number };
  /** A folder of the service's own, beside those of browsers. */
  dataDir: string;
}

/** The jails that a service here would have, for a customer whom nothing else holds. */
export async function openGates(): Promise<OpenGates> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bctrl-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const reservedPorts = new ReservedPorts();
  const executablePath = inject('chromiumPath');
  const opened = await openJail({
    id: randomUUID(),
    mode: 'required',
    searchPath: loadConfig().searchPath,
    paths: await programPaths([executablePath]),
    limits: LIMITS,
    reservedPorts,
    log,
  });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  const roots = {
    root: join(dataDir, 'browsers'),
    filesRoot: join(dataDir, 'files'),
    extensionRoot: join(dataDir, 'extensions'),
  };
  await resetBrowserRoots(roots);
  await fillBrowserRoots(roots);
  return {
    settings: {
      executablePath,
      flavor: 'full',
      roots,
      jail: opened.jail,
      directoryBytes: LIMITS.diskBytes,
      env: { PATH: '/usr/bin:/bin' },
      sandbox: true,
      launchTimeoutMs: 20_000,
      healthCheck: { intervalMs: 60_000, timeoutMs: 60_000, busyMultiple: 12 },
      clientHints: undefined,
      windowChromeHeight: 0,
      maxExtensions: 2,
      log,
    },
    egress: {
      policy: new EgressPolicy({ allow: ['*'], reservedPorts }),
      reservedPorts,
      proxyTimeoutMs: 1000,
    },
    dataDir,
  };
}

/** A browser with nothing between its client and its protocol, and no address blocked. */
export async function openUninspected(gates: OpenGates, rules: EgressRules = {}) {
  const identity = { userDataDir: undefined, fingerprint: {}, isTrial: true };
  const signal = AbortSignal.timeout(ATTEMPT_MAX_MS);
  const { browser, forwarder } = await launchConfined(
    gates.settings,
    identity,
    gates.egress,
    signal,
  );
  onTestFinished(() => browser.kill());
  forwarder.setRoute({ proxy: undefined, rules });
  const upstream = await browser.endpoint.dial();
  const socket = new WebSocket(`ws://127.0.0.1${browser.endpoint.path}`, {
    createConnection: () => upstream,
  });
  await once(socket, 'open');
  const cdp: Cdp = cdpOver(socket);
  onTestFinished(() => cdp[Symbol.dispose]());
  return { browser, cdp };
}

/** Runs a shell script as if it were the browser: where a browser runs, and with what it sees. */
export async function runInside({ settings }: OpenGates, script: string): Promise<string> {
  const { jail, roots, directoryBytes, env } = settings;
  const directory = await openBrowserDirectory(roots, jail, undefined);
  try {
    const program = await jail.start({
      directory: directory.path,
      command: () => ['/bin/sh', '-c', script],
      env: { ...env, ...directory.env },
      mounts: mountsOf(directory, false, directoryBytes).filter(
        ({ at }) => at !== directory.userData.seen,
      ),
      accept: [],
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const late = setTimeout(() => program.kill(), ATTEMPT_MAX_MS);
    const { stdout, stderr } = program.child;
    if (!stdout || !stderr) throw new Error('it was started without its pipes');
    const said = await Promise.all([text(stdout), text(stderr)]);
    await program.closed;
    clearTimeout(late);
    return said.join('');
  } finally {
    await directory[Symbol.asyncDispose]();
  }
}
