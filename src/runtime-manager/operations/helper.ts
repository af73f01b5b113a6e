import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Run } from '../companion.ts';
import { Peer } from '../playwright/peer.ts';
import type { PlaywrightProcess } from '../playwright/process.ts';
import { untilAborted } from '../timing/until-aborted.ts';

/** Playwright attaches to no page that shows a dialog. */
const START_MS = 15_000;
/** How long the process may take to end what was given up, before the process is ended. */
const GRACE_MS = 5000;

/** Gives the browser a file of the runtime, and resolves with the path that the browser knows it by. */
export type GiveFile = (path: string, signal: AbortSignal) => Promise<string>;

export interface HelperOptions {
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
 * A process with Playwright for one browser, in a jail of its own. It is started when it is first called,
 * keeps what it set in the browser (such as headers) until the runtime ends, and is replaced when it
 * does not end what was given up.
 */
export class Helper implements AsyncDisposable {
  readonly #module: URL;
  readonly #options: HelperOptions;
  readonly #closing = new AbortController();
  #running: Promise<Running> | undefined;

  constructor(module: URL, options: HelperOptions) {
    this.#module = module;
    this.#options = options;
  }

  /**
   * Calls a method of the process. When `signal` aborts, the process has some seconds to end what it
   * does. Throws PeerError with what the method failed with, or another error when there is no process.
   */
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

  /** Whether there is a process, or one that is being started. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when the process takes calls. Throws when it does not start, or what `signal` aborts with. */
  async ready(signal: AbortSignal): Promise<void> {
    await untilAborted(this.#start(), signal);
  }

  /** Ends the process; the next call starts another one. */
  async replace(): Promise<void> {
    const running = await this.#running?.catch(() => undefined);
    await running?.process[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.replace();
  }

  /** What was given up may go on only for a while, since nothing else can be done meanwhile. */
  async #replaceUnless(over: AbortSignal, { process }: Running): Promise<void> {
    const isOver = await delay(GRACE_MS, false, { signal: over, ref: false }).catch(() => true);
    if (isOver) return;
    this.#options.log.warn('a process with Playwright hangs, and is replaced');
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
    this.#closing.signal.throwIfAborted();
    const process = await startHelper(this.#module);
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
}
