import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { CdpPipe } from './cdp-pipe.ts';
import { killGroup, yieldUntil } from './process-group.ts';

/** How much of what Chromium says is kept to explain a failed launch. */
const STDERR_TAIL = 4096;
const CLOSE_TIMEOUT_MS = 2000;
const LISTENING = /DevTools listening on ws:\/\/[^:]+:(\d+)(\/\S+)/;

export interface ChromiumCommand {
  executablePath: string;
  flags: string[];
  env: Record<string, string>;
  /** Low priority until it aborts; undefined: normal priority. */
  hurry: AbortSignal | undefined;
}

/** Where Chromium's own debugging server listens, on loopback. */
export interface DebuggingEndpoint {
  port: number;
  /** The browser target's websocket path, which holds a random id. */
  path: string;
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
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

/** One Chromium and its children: a process group of its own. Disposing kills all of it. */
export class Chromium implements AsyncDisposable {
  readonly pid: number;
  readonly pipe: CdpPipe;
  readonly endpoint: DebuggingEndpoint;
  /** Settles when the main process is gone, whichever way. */
  readonly exited: Promise<ProcessExit>;
  readonly #process: ChromiumProcess;

  constructor(process: ChromiumProcess, endpoint: DebuggingEndpoint) {
    this.#process = process;
    this.pid = process.pid;
    this.pipe = process.pipe;
    this.exited = process.exited;
    this.endpoint = endpoint;
  }

  kill(): void {
    killGroup(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process);
  }
}

/** Throws ChromiumLaunchError; nothing of the process is left then. */
export async function launchChromium(
  command: ChromiumCommand,
  signal: AbortSignal,
): Promise<Chromium> {
  signal.throwIfAborted();
  const process = await startProcess(command);
  if (command.hurry) yieldUntil(process.pid, command.hurry);
  try {
    return new Chromium(process, await readEndpoint(process, signal));
  } catch (cause) {
    await end(process);
    throw cause;
  }
}

interface ChromiumProcess {
  pid: number;
  pipe: CdpPipe;
  stderr: Readable;
  exited: Promise<ProcessExit>;
  /**
   * Settles when nobody holds its stderr any more, which all its children inherit: a sign of their
   * end that does not wait for an init to collect them.
   */
  closed: Promise<unknown>;
}

async function startProcess({ executablePath, flags, env }: ChromiumCommand) {
  const child = spawn(executablePath, flags, {
    // A session of its own: one signal reaches every process of the browser and none of ours.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env,
  });
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new ChromiumLaunchError('Chromium could not be started', String(cause), cause);
  }
  const { pid, stderr, input, output } = pipesOf(child);
  return { pid, pipe: new CdpPipe(input, output), stderr, exited, closed };
}

async function end({ pid, exited, closed }: ChromiumProcess): Promise<void> {
  killGroup(pid);
  await exited;
  await Promise.race([closed, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
}

/** What a child has once it is spawned with these `stdio`. */
function pipesOf({ pid, stderr, stdio }: ChildProcess) {
  const [, , , input, output] = stdio;
  if (pid === undefined || stderr === null || !(input instanceof Socket)) throw noPipes();
  if (!(output instanceof Socket)) throw noPipes();
  return { pid, stderr, input, output };
}

function noPipes(): Error {
  return new Error('Chromium was spawned without its pipes');
}

async function readEndpoint(
  { stderr, exited }: ChromiumProcess,
  signal: AbortSignal,
): Promise<DebuggingEndpoint> {
  const { promise, resolve, reject } = Promise.withResolvers<DebuggingEndpoint>();
  let said = '';
  const fail = (message: string) => reject(new ChromiumLaunchError(message, said, signal.reason));
  const abort = () => fail('Chromium was not ready in time');
  const listen = (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-STDERR_TAIL);
    const [, port, path] = LISTENING.exec(said) ?? [];
    if (port !== undefined && path !== undefined) resolve({ port: Number(port), path });
  };
  stderr.on('data', listen);
  signal.addEventListener('abort', abort, { once: true });
  void exited.then(({ code, signal: by }) =>
    fail(`Chromium exited (${by ?? `code ${code}`}) before it was ready`),
  );
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    stderr.off('data', listen);
    // Read on, or a full pipe would stop the browser.
    stderr.resume();
  }
}
