import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { PLAYWRIGHT_VERSION } from '../browser/playwright-version.ts';
import { killGroup } from '../browser/process-group.ts';
import { RuntimeError } from '../errors.ts';
import type { BridgeTarget } from './websocket-bridge.ts';

const HOST = fileURLToPath(new URL('../browser/playwright-host.ts', import.meta.url));
const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * What the server may read of the machine: its own code, and what it looks at to learn what machine
 * that is. Its protocol has commands that read and write files by path, and clients may send them.
 */
const READABLE = [
  join(PROJECT, 'node_modules'),
  join(PROJECT, 'src'),
  join(PROJECT, 'package.json'),
  '/.dockerenv',
  '/etc/os-release',
  '/proc/self/cgroup',
  '/proc/self/mountinfo',
  '/proc/sys/fs/binfmt_misc/WSLInterop',
  '/proc/version',
  '/run/.containerenv',
  '/run/WSL',
];

const START_TIMEOUT_MS = 30_000;

const Started = z.union([z.object({ endpoint: z.url() }), z.object({ error: z.string() })]);

/** Throws `connection.version_mismatch` for a client that would misunderstand the server. */
export function assertPlaywrightClient({ headers }: IncomingMessage): void {
  const [, theirs] = /Playwright\/(\d+\.\d+\S*)/.exec(headers['user-agent'] ?? '') ?? [];
  if (theirs === undefined || minorOf(theirs) === minorOf(PLAYWRIGHT_VERSION)) return;
  throw new RuntimeError(
    'connection.version_mismatch',
    `Playwright ${theirs} cannot connect to Playwright ${PLAYWRIGHT_VERSION}: use ${minorOf(PLAYWRIGHT_VERSION)} here, or any version with connectOverCDP and the cdpUrl.`,
    { details: { client: theirs, server: PLAYWRIGHT_VERSION } },
  );
}

function minorOf(version: string): string {
  return version.split('.', 2).join('.');
}

/** Node's permissions: no files but the runtime's, no processes, no native code. */
function permissions(directory: string): string[] {
  return [
    '--permission',
    ...[...READABLE, directory].map((path) => `--allow-fs-read=${path}`),
    `--allow-fs-write=${directory}`,
  ];
}

/** Playwright's server for one browser, in a process of its own. */
export interface PlaywrightServer extends AsyncDisposable {
  target: BridgeTarget;
  exited: Promise<unknown>;
}

export async function startPlaywrightServer(
  cdpUrl: string,
  directory: string,
  env: Record<string, string>,
  closing: AbortSignal,
): Promise<PlaywrightServer> {
  const execArgv = permissions(directory);
  const child = fork(HOST, {
    env,
    detached: true,
    execArgv,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const exited = new Promise((resolve) => child.once('close', resolve));
  const end = async () => {
    if (child.pid !== undefined) killGroup(child.pid);
    await exited;
  };
  try {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(START_TIMEOUT_MS)]);
    child.send({ cdpUrl });
    const [message] = await Promise.race([once(child, 'message', { signal }), gone(exited)]);
    const started = Started.parse(message);
    if ('error' in started) throw new Error(started.error);
    const { port, pathname } = new URL(started.endpoint);
    return { target: { port: Number(port), path: pathname }, exited, [Symbol.asyncDispose]: end };
  } catch (cause) {
    await end();
    throw new RuntimeError('connection.failed', "Playwright's server did not start.", { cause });
  }
}

async function gone(exited: Promise<unknown>): Promise<never> {
  await exited;
  throw new Error('it exited at once');
}
