import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { sendSignal } from './processes.ts';

const READY = /Listening for client connections on \S+:(\d+)[^]*Server is ready/;

type Server = ChildProcessByStdio<null, null, Readable>;

/**
 * Starts a server of NATS at a free port of this machine, with a configuration as in
 * https://docs.nats.io/running-a-nats-service/configuration.
 */
export async function startNatsServer(path: string, config = ''): Promise<NatsServer> {
  const directory = await mkdtemp(join(tmpdir(), 'nats-'));
  const server = new NatsServer(path, directory);
  try {
    await server.restart(config);
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

export class NatsServer implements AsyncDisposable {
  readonly #path: string;
  readonly #directory: string;
  #child: Server | undefined;
  /** -1: any. */
  #port = -1;
  #log = '';

  constructor(path: string, directory: string) {
    this.#path = path;
    this.#directory = directory;
  }

  get port(): number {
    return this.#port;
  }

  /** Without credentials. */
  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  /** What it has written, in all its lives. */
  get log(): string {
    return this.#log;
  }

  /** As when the machine of the server loses its power. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Starts it again at the same port, with another configuration if one is given. */
  async restart(config?: string): Promise<void> {
    await this.kill();
    const file = join(this.#directory, 'nats.conf');
    if (config !== undefined) await writeFile(file, config, { mode: 0o600 });
    const place = ['--addr', '127.0.0.1', '--port', String(this.#port)];
    const child = spawn(
      this.#path,
      ['--config', file, ...place],
      // What it logs comes on stderr.
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#child = child;
    child.stderr.on('data', (chunk) => (this.#log += String(chunk)));
    this.#port = await portOf(child);
  }

  /** As when it is out of reach: connections stay, and nothing is answered. */
  async pause(): Promise<void> {
    const pid = this.#child?.pid;
    sendSignal(pid, 'SIGSTOP');
    // It may pass a message on before it stops.
    const isStopped = async () => (await readFile(`/proc/${pid}/stat`, 'utf8')).includes(') T ');
    while (!(await isStopped())) await delay(1);
  }

  resume(): void {
    sendSignal(this.#child?.pid, 'SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Resolves when clients can connect; throws with what the server wrote if it ends before. */
async function portOf(child: Server): Promise<number> {
  let log = '';
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stderr.on('data', (chunk) => {
      log += String(chunk);
      const port = READY.exec(log)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.stderr.once('close', () => reject(new Error(`nats-server ended: ${log}`)));
  });
}
