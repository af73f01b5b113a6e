import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killGroup } from './process-group.ts';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * What Playwright may read of the machine: its own code, and what it looks at to learn what machine
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

/** A process that Playwright runs in, for one browser. */
export interface PlaywrightProcess extends AsyncDisposable {
  /** Sends the one task it has, and resolves with its answer. Throws when it ends before. */
  ask(task: object, signal: AbortSignal): Promise<unknown>;
  exited: Promise<unknown>;
}

/** `module` runs under Node's permissions: no files but the directory's, no processes, no native code. */
export function startPlaywright(
  module: URL,
  directory: string,
  env: Record<string, string>,
): PlaywrightProcess {
  const child = fork(fileURLToPath(module), {
    env,
    detached: true,
    execArgv: [
      '--permission',
      ...[...READABLE, directory].map((path) => `--allow-fs-read=${path}`),
      `--allow-fs-write=${directory}`,
    ],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.on('error', () => undefined);
  const exited = new Promise((resolve) => {
    child.once('close', resolve);
    child.once('error', resolve);
  });
  return {
    exited,
    ask: async (task, signal) => {
      child.send(task);
      const [answer]: unknown[] = await Promise.race([
        once(child, 'message', { signal }),
        gone(exited),
      ]);
      return answer;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.pid !== undefined) killGroup(child.pid);
      await exited;
    },
  };
}

async function gone(exited: Promise<unknown>): Promise<never> {
  await exited;
  throw new Error('it exited at once');
}
