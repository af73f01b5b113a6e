import { setTimeout as delay } from 'node:timers/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { untilAborted } from '../timing/until-aborted.ts';
import { dialAhead } from '../machine/jail/dial-ahead.ts';
import type { Confined, Dial, Jail, ProcessExit, Program } from '../machine/jail/jail.ts';
import { yieldUntil } from '../machine/jail/process-group.ts';
import { CdpPipe } from './cdp/cdp-pipe.ts';
import { CdpSession } from './cdp/cdp-session.ts';

/** How much of what Chromium says is kept to explain a failed launch. */
const STDERR_TAIL = 4096;
const CLOSE_TIMEOUT_MS = 2000;
const LISTENING = /DevTools listening on ws:\/\/[^:]+:(\d+)(\/\S+)/;

export type { ProcessExit };

export interface ChromiumCommand extends Omit<Program, 'stdio'> {
  jail: Jail;
  /** Chromium has low priority until this aborts; undefined: normal priority. */
  hurry: AbortSignal | undefined;
  /** Called with the id of the process, while Chromium is still coming up. */
  onSpawned: (pid: number) => void;
}

/** Chromium's own debugging server. */
export interface DebuggingEndpoint {
  dial: Dial;
  /** The port of the browser's loopback that the server listens on. */
  port: number;
  /** The browser target's websocket path, which holds a random id. */
  path: string;
}

/** Chromium did not come up. `output` is the end of what it said, for the operator's eyes only. */
export class ChromiumLaunchError extends Error {
  readonly output: string;

  constructor(message: string, output: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ChromiumLaunchError';
    this.output = output;
  }
}

/** One Chromium and its children, in a jail of its own. Disposing kills all of them. */
export class Chromium implements AsyncDisposable {
  readonly pid: number;
  /** The session with the browser itself, over its debugging pipe. */
  readonly session: CdpSession;
  readonly endpoint: DebuggingEndpoint;
  /** The ports at which the browser finds what `accept` serves. */
  readonly ports: readonly number[];
  /** Settles when the main process is gone, whichever way. */
  readonly exited: Promise<ProcessExit>;
  readonly #process: Confined;

  constructor(process: Confined, session: CdpSession, endpoint: DebuggingEndpoint) {
    this.#process = process;
    this.pid = process.pid;
    this.ports = process.ports;
    this.session = session;
    this.exited = process.exited;
    this.endpoint = endpoint;
  }

  kill(): void {
    this.#process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process);
  }
}

/** Throws ChromiumLaunchError; nothing of the process is left then. */
export async function launchChromium(
  { jail, hurry, onSpawned, ...program }: ChromiumCommand,
  signal: AbortSignal,
): Promise<Chromium> {
  signal.throwIfAborted();
  const process = await startProcess(jail, program);
  onSpawned(process.pid);
  if (hurry) yieldUntil(process.pid, hurry);
  try {
    const { input, output, stderr } = pipesOf(process);
    const session = new CdpSession(new CdpPipe(input, output));
    return new Chromium(process, session, await readEndpoint(process, stderr, signal));
  } catch (cause) {
    await end(process);
    throw cause;
  }
}

async function startProcess(jail: Jail, program: Omit<Program, 'stdio'>): Promise<Confined> {
  try {
    return await jail.start({ ...program, stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
  } catch (cause) {
    throw new ChromiumLaunchError('Chromium could not be started', String(cause), cause);
  }
}

async function end(process: Confined): Promise<void> {
  process.kill();
  await process.exited;
  await Promise.race([process.closed, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
}

/** The pipes of a child that was spawned with these `stdio`. */
function pipesOf({ child: { stderr, stdio } }: Confined) {
  const [, , , input, output] = stdio;
  if (stderr === null || !(input instanceof Socket) || !(output instanceof Socket)) {
    throw new Error('Chromium was spawned without its pipes');
  }
  return { stderr, input, output };
}

async function readEndpoint(
  process: Confined,
  stderr: Readable,
  signal: AbortSignal,
): Promise<DebuggingEndpoint> {
  const { promise, resolve, reject } = Promise.withResolvers<DebuggingEndpoint>();
  let said = '';
  const listen = (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-STDERR_TAIL);
    const [, port, path] = LISTENING.exec(said) ?? [];
    if (port === undefined || path === undefined) return;
    resolve({ dial: dialAhead(process.reach(Number(port))), port: Number(port), path });
  };
  stderr.on('data', listen);
  void process.exited.then(({ code, signal: by }) =>
    reject(
      new ChromiumLaunchError(
        `Chromium exited (${by ?? `code ${code}`}) before it was ready`,
        said,
      ),
    ),
  );
  try {
    return await untilAborted(promise, signal);
  } catch (cause) {
    if (cause !== signal.reason) throw cause;
    throw new ChromiumLaunchError('Chromium was not ready in time', said, cause);
  } finally {
    stderr.off('data', listen);
    // Reading goes on, or a full pipe would block the browser.
    stderr.resume();
  }
}
