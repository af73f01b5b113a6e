import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Run } from '../companion.ts';
import { Peer } from '../playwright/peer.ts';
import type { PlaywrightProcess } from '../playwright/process.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import { Outcome, type StepOutcome } from './outcome.ts';
import type { Step } from './steps/step.ts';

const HOST = new URL('../playwright/executor-host.ts', import.meta.url);
const START_MS = 30_000;
/** How long the process may take to end what was given up, before the process is ended. */
const GRACE_MS = 5000;

/** Gives the browser a file of the runtime, and resolves with the path that the browser knows it by. */
export type GiveFile = (path: string, signal: AbortSignal) => Promise<string>;

/** The steps of one operation, which share what they bind. */
export interface StepSession extends AsyncDisposable {
  /** Throws PeerError with what the step failed with, or what `signal` aborts with. */
  run(step: Step, signal: AbortSignal): Promise<StepOutcome>;
}

export interface ExecutorOptions {
  startHelper: Run['browser']['endpoints']['startHelper'];
  giveFile: GiveFile;
  log: Logger;
}

interface Running {
  process: PlaywrightProcess;
  peer: Peer;
}

const GivenPath = z.object({ path: z.string() });

/**
 * The process with Playwright that carries steps and tools out for one browser, in a jail of its own. It
 * is started when it is first needed, keeps what steps set (such as headers) until the runtime ends, and
 * is replaced when it does not end what was given up.
 */
export class Executor implements AsyncDisposable {
  readonly #options: ExecutorOptions;
  readonly #closing = new AbortController();
  #running: Promise<Running> | undefined;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** Begins an operation. Throws when the process does not start. */
  async begin(operationId: string, signal: AbortSignal): Promise<StepSession> {
    await using stack = new AsyncDisposableStack();
    await this.call('begin', { operationId }, signal);
    stack.defer(async () => {
      await this.call('end', { operationId }, AbortSignal.timeout(GRACE_MS)).catch(() => undefined);
    });
    const owned = stack.move();
    return {
      run: async (step, until) =>
        Outcome.parse(await this.call('step', { operationId, step }, until)),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  }

  /** Calls a method of the process. Throws as `StepSession.run`. */
  async call(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    const running = await untilAborted(this.#start(), signal);
    const over = new AbortController();
    const givenUp = () => void this.#replaceUnless(over.signal, running);
    signal.addEventListener('abort', givenUp, { once: true });
    try {
      return await running.peer.call(method, params, signal);
    } finally {
      signal.removeEventListener('abort', givenUp);
      over.abort();
    }
  }

  /** What was given up may go on only for a while, since nothing else can be done meanwhile. */
  async #replaceUnless(over: AbortSignal, { process }: Running): Promise<void> {
    const isOver = await delay(GRACE_MS, false, { signal: over, ref: false }).catch(() => true);
    if (isOver) return;
    this.#options.log.warn('the process that carries steps out hangs, and is replaced');
    await process[Symbol.asyncDispose]();
  }

  #start(): Promise<Running> {
    if (this.#running) return this.#running;
    const running = this.#startProcess();
    const forget = () => {
      if (this.#running === running) this.#running = undefined;
    };
    running.then(({ process }) => process.exited.then(forget), forget);
    this.#running = running;
    return running;
  }

  async #startProcess(): Promise<Running> {
    const { startHelper, giveFile } = this.#options;
    const process = await startHelper(HOST);
    try {
      const peer = new Peer(process.pipes, {
        giveFile: (params, signal) => giveFile(GivenPath.parse(params).path, signal),
      });
      const [cdpPort, proxyPort] = process.ports;
      const params = { cdpUrl: `ws://127.0.0.1:${cdpPort}`, proxyPort };
      const until = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(START_MS)]);
      await untilAborted(peer.call('start', params, until), until);
      return { process, peer };
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const running = await this.#running?.catch(() => undefined);
    await running?.process[Symbol.asyncDispose]();
  }
}
