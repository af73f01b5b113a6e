import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Binaries } from './postgres-binaries.ts';
import { readServerFile } from './server-file.ts';

const execute = promisify(execFile);

export const USER = 'bctrl';
/** The unprivileged account that every Linux has: Postgres refuses to run as root. */
const NOBODY = 65534;
const SETPRIV = '/usr/bin/setpriv';
const ENV = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
/** Only the service connects: no network, a few connections, little memory. */
const SETTINGS = {
  listen_addresses: '',
  port: '5432',
  max_connections: '60',
  shared_buffers: '32MB',
};

/** After a crash, Postgres may have much to read again. */
const START_TIMEOUT_MS = 300_000;
const LOOK_MS = 20;
const QUIT_TIMEOUT_MS = 1500;
/** Postgres writes back what it has in memory. */
const STOP_TIMEOUT_MS = 60_000;

/** A server that takes connections; `exited` tells how it ended. */
export interface Running {
  exited: Promise<string>;
}

/** The files of a Postgres in a directory, and the server that runs on them. */
export class Cluster {
  readonly #directory: string;
  readonly #data: string;
  readonly #binaries: Binaries;
  readonly #signal: AbortSignal;
  readonly #asRoot = process.getuid?.() === 0;
  #server: { process: ChildProcess; exited: Promise<string> } | undefined;

  /** Every program that it runs, except the server itself, ends when `signal` aborts. */
  constructor(directory: string, binaries: Binaries, signal: AbortSignal) {
    this.#directory = directory;
    this.#data = join(directory, 'data');
    this.#binaries = binaries;
    this.#signal = signal;
  }

  async exists(): Promise<boolean> {
    return exists(join(this.#data, 'PG_VERSION'));
  }

  /** The files are made beside and renamed in, so that an interrupted first start leaves nothing half done. */
  async create(): Promise<void> {
    const fresh = `${this.#data}.new`;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { mode: 0o700 });
    if (this.#asRoot) {
      await chown(this.#directory, NOBODY, NOBODY);
      await chown(fresh, NOBODY, NOBODY);
    }
    const options = ['--auth=trust', '--encoding=UTF8', '--no-locale', '--no-instructions'];
    await this.#run(this.#binaries.initdb, ['-D', fresh, '-U', USER, ...options]);
    await rename(fresh, this.#data);
  }

  async assertVersion(): Promise<void> {
    const made = (await readFile(join(this.#data, 'PG_VERSION'), 'utf8')).trim();
    const { stdout } = await execute(this.#binaries.postgres, ['--version']);
    const ours = /(\d+)/.exec(stdout)?.[1];
    if (made === ours) return;
    throw new Error(
      `${this.#data} was written by Postgres ${made}, but the embedded one is ${ours}: move the data over with pg_dump, or set DATABASE_URL to a Postgres ${made}.`,
    );
  }

  /** Resolves when the server takes connections; `exited` tells how it ended. */
  async start(): Promise<Running> {
    const settings = { ...SETTINGS, unix_socket_directories: this.#directory };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    await using log = await open(this.#log, 'a', 0o600);
    const args = ['-D', this.#data, ...flags];
    const [command, commandArgs] = await this.#command(
      this.#binaries.postgres,
      args,
      '--pdeathsig=INT',
    );
    this.#signal.throwIfAborted();
    const child = spawn(command, commandArgs, {
      cwd: '/',
      env: ENV,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const exited = once(child, 'exit').then(
      async ([code, signal]) => `${signal ?? `exit code ${code}`}: ${await this.#lastWords()}`,
      (error: unknown) => String(error),
    );
    this.#server = { process: child, exited };
    await this.#untilReady(child, exited);
    return { exited };
  }

  async #untilReady(child: ChildProcess, exited: Promise<string>): Promise<void> {
    const late = performance.now() + START_TIMEOUT_MS;
    while (!(await this.#isReady(child))) {
      const how = await Promise.race([exited, delay(LOOK_MS)]);
      if (how === undefined && performance.now() < late) continue;
      child.kill('SIGINT');
      throw new Error(`The embedded Postgres did not start: ${how ?? 'timeout'} (${this.#log})`);
    }
  }

  async #isReady({ pid }: ChildProcess): Promise<boolean> {
    const file = await readServerFile(this.#data);
    return file !== undefined && file.pid === pid && file.status === 'ready';
  }

  get #log(): string {
    return join(this.#directory, 'log');
  }

  async #lastWords(): Promise<string> {
    return (await readFile(this.#log, 'utf8').catch(() => '')).trim().split('\n').at(-1) ?? '';
  }

  /**
   * Stops the server in order, and gives up what clients are in the middle of. A server that hangs
   * is killed after a minute; what was committed is there at the next start.
   */
  async stop(): Promise<void> {
    if (!this.#server) return;
    const { process: server, exited } = this.#server;
    server.kill('SIGINT');
    const late = setTimeout(() => server.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(late);
  }

  async quit(): Promise<void> {
    this.#server?.process.kill('SIGQUIT');
    await Promise.race([this.#server?.exited, delay(QUIT_TIMEOUT_MS)]);
  }

  /**
   * Ends the server that somebody else left running here. The file of one that is gone does not
   * keep the next one from starting.
   */
  async endAnother(): Promise<void> {
    const left = await readServerFile(this.#data);
    if (!left) return;
    if (!(await left.isServer())) return left.remove();
    await this.#run(this.#binaries.pg_ctl, ['stop', '-D', this.#data, '-w', '-s', '-m', 'fast']);
  }

  async #run(binary: string, args: string[]): Promise<void> {
    const [command, commandArgs] = await this.#command(binary, args);
    try {
      await execute(command, commandArgs, { cwd: '/', env: ENV, signal: this.#signal });
    } catch (cause) {
      throw new Error(`The embedded Postgres could not be used: ${explain(cause)}`, { cause });
    }
  }

  /** As root, the program runs under another account, which may still enter the directories that lead here. */
  async #command(binary: string, args: string[], ...ties: string[]): Promise<[string, string[]]> {
    const asNobody = [
      `--reuid=${NOBODY}`,
      `--regid=${NOBODY}`,
      '--clear-groups',
      // Else access(2) forgets the capability because the user is not root.
      '--securebits=+no_setuid_fixup',
      '--inh-caps=-all,+dac_override',
      '--ambient-caps=-all,+dac_override',
    ];
    if (this.#asRoot) return [SETPRIV, [...asNobody, ...ties, binary, ...args]];
    if (ties.length > 0 && (await exists(SETPRIV))) return [SETPRIV, [...ties, binary, ...args]];
    return [binary, args];
  }
}

function explain(cause: unknown): string {
  const { data } = z.object({ stderr: z.string() }).safeParse(cause);
  return data?.stderr.trim().split('\n').at(-1) || String(cause);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
