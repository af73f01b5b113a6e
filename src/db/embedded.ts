import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Backoff } from '../runtime-manager/timing/backoff.ts';
import type { SocketAddress } from './client.ts';
import { Cluster, USER, type Running } from './cluster.ts';
import { loadBinaries } from './postgres-binaries.ts';

const SOCKET_PATH_MAX = 107;
const SOCKET_NAME = '/.s.PGSQL.5432';
/**
 * How often in a row the server may end by itself. After one that was up for a while, the count
 * begins anew.
 */
const ENDS_MAX = 5;
const STEADY_MS = 60_000;
const RESTART_DELAYS = { minMs: 200, maxMs: 5000 };

/** Where the embedded Postgres of a data directory listens, whoever started it. */
export function embeddedAddress(dataDir: string): SocketAddress {
  return { socketDir: join(dataDir, 'postgres'), user: USER, database: 'postgres' };
}

/** Opens an `EmbeddedPostgres`, and starts it. */
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
 * The Postgres of a data directory whose lock the caller holds. It listens on a unix socket in a
 * directory that only this user may enter. It has a session of its own, so a Ctrl-C in the terminal
 * does not reach it before the service is done with it; but it ends with the service, however that
 * ends. A server that ends by itself is started again. Disposing shuts it down.
 */
export class EmbeddedPostgres implements AsyncDisposable {
  /** Resolves when the server ended so often that it is not started again. */
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

  /** Resolves when the server takes connections. Rejects with one sentence, also when it is disposed before. */
  async start(): Promise<void> {
    assertSocketFits(this.#directory);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const cluster = new Cluster(this.#directory, await loadBinaries(), this.#ending.signal);
    if (await cluster.exists()) {
      await cluster.assertVersion();
      // Another service may have left a server running: it is ended, and ours is started.
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
   * Ends the server without waiting for anybody; what was committed is there at the next start.
   * Resolves after a while even when the server hangs.
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

function assertSocketFits(directory: string): void {
  const most = SOCKET_PATH_MAX - SOCKET_NAME.length;
  if (directory.length <= most) return;
  throw new Error(
    `BCTRL_DATA_DIR is too long: the embedded Postgres' socket needs ${directory} to have at most ${most} characters.`,
  );
}
