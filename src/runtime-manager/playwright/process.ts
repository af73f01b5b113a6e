import { realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Dial, Jail } from '../machine/jail/jail.ts';
import { readOnly } from '../machine/jail/mounts.ts';
import type { BrowserDirectory } from '../browser/browser-directory.ts';
import { helperMounts } from '../browser/browser-mounts.ts';
import { seenPart } from '../browser/own-files.ts';
import type { PeerPipes } from './peer.ts';

const PROJECT = dirname(findPackageJSON(import.meta.url) ?? '');

/** The helper's code, and Node itself. */
const CODE = [
  dirname(realpathSync(process.execPath)),
  join(PROJECT, 'node_modules'),
  join(PROJECT, 'package.json'),
  join(PROJECT, 'src'),
];

/**
 * What Playwright may read of the machine: its own code, and what tells it which machine this is.
 * Playwright's protocol has commands that read and write files by path, and clients may send them.
 */
const READABLE = [
  ...CODE,
  '/.dockerenv',
  '/etc/os-release',
  '/proc/self/cgroup',
  '/proc/self/mountinfo',
  '/proc/sys/fs/binfmt_misc/WSLInterop',
  '/proc/version',
  '/run/.containerenv',
  '/run/WSL',
];

export interface PlaywrightOptions {
  jail: Jail;
  directory: BrowserDirectory;
  env: Record<string, string>;
  /** What the process finds on its loopback. */
  accept: ((socket: Socket) => void)[];
  /** The one program that the process may start; undefined: it may start none. */
  program?: string | undefined;
}

/** A process that Playwright runs in, for one browser. */
export interface PlaywrightProcess extends AsyncDisposable {
  /** Sends the process its one task, and resolves with the answer. Throws when the process ends. */
  ask(task: object, signal: AbortSignal): Promise<unknown>;
  /** The pipes, to and from a process that takes calls rather than one task. */
  pipes: PeerPipes;
  ports: readonly number[];
  reach(port: number): Dial;
  exited: Promise<unknown>;
}

/**
 * `module` runs under Node's permissions too: it has no files but the runtime's, no native code, and
 * no processes but those of `program`, for which it sees to that itself. It reads its task as a line
 * on its standard input, answers with another line, and ends when its input does.
 */
export async function startPlaywright(
  module: URL,
  { jail, directory, env, accept, program }: PlaywrightOptions,
): Promise<PlaywrightProcess> {
  const { seen } = directory.files;
  const own = seenPart(directory.files, 'playwright');
  const helper = await jail.start({
    directory: directory.path,
    command: () => [
      realpathSync(process.execPath),
      '--permission',
      ...[...READABLE, seen].map((path) => `--allow-fs-read=${path}`),
      `--allow-fs-write=${own}`,
      ...(program === undefined ? [] : ['--allow-child-process']),
      fileURLToPath(module),
    ],
    // The browser has to find what the process keeps for its clients.
    env: { ...env, HOME: own, TMPDIR: own },
    mounts: [...CODE.map((path) => readOnly(path)), ...helperMounts(directory, 'playwright')],
    accept,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { stdin, stdout } = helper.child;
  if (!stdin || !stdout) {
    helper.kill();
    throw new Error('the process was started without its pipes');
  }
  stdin.on('error', () => undefined);
  return {
    pipes: { input: stdout, output: stdin },
    ports: helper.ports,
    exited: helper.exited,
    reach: (port) => helper.reach(port),
    ask: async (task, signal) => {
      const answer = firstLine(stdout, signal);
      stdin.write(`${JSON.stringify(task)}\n`);
      return JSON.parse(await answer);
    },
    [Symbol.asyncDispose]: async () => {
      helper.kill();
      await helper.closed;
    },
  };
}

/** Throws when the input ends before its first line does. */
async function firstLine(input: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
  for await (const line of createInterface({ input, signal })) return line;
  signal.throwIfAborted();
  throw new Error('the process exited at once');
}
