import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { CdpPipe } from './cdp-pipe.ts';
import { killGroup, waitForGroupExit } from './process-group.ts';

/** How much of what Chromium says is kept to explain a failed launch. */
const STDERR_TAIL = 4096;
const GROUP_EXIT_TIMEOUT_MS = 500;
const LISTENING = /DevTools listening on ws:\/\/[^:]+:(\d+)(\/\S+)/;

export interface ChromiumCommand {
  executablePath: string;
  flags: string[];
  env: Record<string, string>;
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

  constructor(process: RunningProcess, endpoint: DebuggingEndpoint) {
    this.pid = process.pid;
    this.pipe = process.pipe;
    this.exited = process.exited;
    this.endpoint = endpoint;
  }

  kill(): void {
    killGroup(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.exited;
    await waitForGroupExit(this.pid, GROUP_EXIT_TIMEOUT_MS);
  }
}

/** Throws ChromiumLaunchError; nothing of the process is left then. */
export async function launchChromium(
  command: ChromiumCommand,
  signal: AbortSignal,
): Promise<Chromium> {
  signal.throwIfAborted();
  const child = spawn(command.executablePath, command.flags, {
    // A session of its own: one signal reaches every process of the browser and none of ours.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: command.env,
  });
  const process = await started(child);
  try {
    return new Chromium(process, await process.listening(signal));
  } catch (cause) {
    killGroup(process.pid);
    await process.exited;
    await waitForGroupExit(process.pid, GROUP_EXIT_TIMEOUT_MS);
    throw cause;
  }
}

interface RunningProcess {
  pid: number;
  pipe: CdpPipe;
  exited: Promise<ProcessExit>;
  listening: (signal: AbortSignal) => Promise<DebuggingEndpoint>;
}

async function started(child: ChildProcess): Promise<RunningProcess> {
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new ChromiumLaunchError('Chromium could not be started', String(cause), cause);
  }
  const { pid, stderr, input, output } = pipesOf(child);
  return {
    pid,
    pipe: new CdpPipe(input, output),
    exited,
    listening: (signal) => readEndpoint(stderr, exited, signal),
  };
}

/** A spawned child has a pid, and the pipes that `stdio` asked for. */
function pipesOf(child: ChildProcess) {
  return {
    pid: child.pid as number,
    stderr: child.stderr as Readable,
    input: child.stdio[3] as Writable,
    output: child.stdio[4] as Readable,
  };
}

async function readEndpoint(
  stderr: Readable,
  exited: Promise<ProcessExit>,
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
