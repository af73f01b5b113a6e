import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Connections } from './connections/connections.ts';
import type { Endpoints } from './connections/endpoints.ts';
import { RuntimeError } from './errors.ts';
import type { Driver } from './lifecycle.ts';
import type { NodeBrowser, ProcessExit, RuntimeNode } from './node/runtime-node.ts';
import type { Runtime, RuntimeFailure, RuntimeMove, RuntimeStore } from './store.ts';

export type RuntimeEnd = Extract<RuntimeMove, { to: 'stopped' | 'failed' }>;

/** What clients are told in the close frame. */
const LAST_WORDS = {
  stopped: 'The runtime was stopped.',
  failed: 'The browser is gone: the runtime has failed.',
} as const;

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5000;

export interface LiveRuntimeParts {
  node: RuntimeNode;
  store: RuntimeStore;
  log: Logger;
}

/**
 * One active runtime: it owns the browser and is the only one to move the record. However many
 * ends come at once (stop, a dying browser, shutdown), the first decides and all wait for it.
 */
export class LiveRuntime {
  readonly runtime: Runtime;
  readonly connections: Connections;
  readonly #node: RuntimeNode;
  readonly #store: RuntimeStore;
  readonly #log: Logger;
  readonly #release: () => void;
  readonly #launch = new AbortController();
  #starting: Promise<unknown> | undefined;
  #browser: NodeBrowser | undefined;
  #ended: Promise<Runtime> | undefined;

  /** `release` is called once, when the runtime has ended. */
  constructor(runtime: Runtime, { node, store, log }: LiveRuntimeParts, release: () => void) {
    this.runtime = runtime;
    this.#node = node;
    this.#store = store;
    this.#log = log.child({ runtimeId: runtime.id });
    this.#release = release;
    this.connections = new Connections({
      attached: ({ id, protocol }, driver) => {
        this.#log.info({ connectionId: id, protocol, driver }, 'client attached');
        if (driver) void this.#recordDriver(driver);
      },
      detached: ({ id, protocol }) => {
        this.#log.info({ connectionId: id, protocol }, 'client detached');
      },
    });
  }

  /** The ways to the browser; undefined before it runs and from the first end on. */
  get endpoints(): Endpoints | undefined {
    return this.#ended ? undefined : this.#browser?.endpoints;
  }

  /** Launches the browser. Throws what the launch fails with, or `runtime.stopped`. */
  async start(): Promise<Runtime> {
    const starting = this.#bringUp();
    this.#starting = starting;
    try {
      return await starting;
    } catch (error) {
      await this.end({ to: 'failed', failure: failureOf(error) });
      throw error;
    }
  }

  /** Ends the runtime and resolves with its final record, when nothing of the browser is left. */
  end(end: RuntimeEnd): Promise<Runtime> {
    this.#ended ??= this.#finish(end).finally(this.#release);
    return this.#ended;
  }

  async #bringUp(): Promise<Runtime> {
    try {
      const browser = await this.#node.launch(this.#launch.signal);
      this.#browser = browser;
      this.#launch.signal.throwIfAborted();
      void browser.exited.then((exit) => this.#exited(exit));
      const running = await this.#move({
        to: 'running',
        defaultContextId: browser.defaultPage.contextId,
        defaultPageId: browser.defaultPage.pageId,
      });
      this.#log.info('runtime started');
      return running;
    } catch (cause) {
      if (!this.#launch.signal.aborted) throw cause;
      throw new RuntimeError('runtime.stopped', 'The runtime was stopped before it was ready.', {
        cause,
      });
    }
  }

  /** A browser that goes away by itself is an end, unless another is already under way. */
  #exited({ code, signal }: ProcessExit): void {
    const message = `The browser exited by itself (${signal ?? `code ${code}`}).`;
    // In good order it only ends when a client asks it to.
    const ended = this.end(
      code === 0
        ? { to: 'stopped', reason: 'closed_by_client' }
        : { to: 'failed', failure: { code: 'runtime.browser_exited', message } },
    );
    ended.catch((err: unknown) => {
      this.#log.error({ err }, 'the end of a browser could not be recorded');
    });
  }

  async #finish(end: RuntimeEnd): Promise<Runtime> {
    this.#launch.abort();
    this.connections.close(LAST_WORDS[end.to]);
    await this.#starting?.catch(() => undefined);
    if (end.to === 'stopped') await this.#tryMove({ to: 'stopping' });
    await this.#browser?.kill();
    const over = await this.#recordEnd(end);
    this.#log.info({ state: over.state, failure: over.failure }, 'runtime ended');
    return over;
  }

  /** The browser is gone, and the record has to say so: as often as it takes. */
  async #recordEnd(end: RuntimeEnd): Promise<Runtime> {
    for (let wait = RETRY_MIN_MS; ; wait = Math.min(wait * 2, RETRY_MAX_MS)) {
      const over = await this.#tryMove(end);
      if (over) return over;
      await delay(wait);
    }
  }

  /** Undefined, and logged, when the store fails. */
  async #tryMove(move: RuntimeMove): Promise<Runtime | undefined> {
    try {
      return await this.#move(move);
    } catch (err) {
      if (err instanceof RuntimeError) throw err;
      this.#log.error({ err, move: move.to }, 'a move of a runtime could not be recorded');
      return undefined;
    }
  }

  async #recordDriver(driver: Driver): Promise<void> {
    const { organizationId, id } = this.runtime;
    try {
      await this.#store.setDriver(organizationId, id, driver);
    } catch (err) {
      this.#log.error({ err, driver }, 'the driver of a client could not be recorded');
    }
  }

  async #move(move: RuntimeMove): Promise<Runtime> {
    const moved = await this.#store.move(this.runtime.organizationId, this.runtime.id, move);
    if (moved) return moved;
    throw new RuntimeError('runtime.not_active', `The runtime could not become ${move.to}.`);
  }
}

function failureOf(error: unknown): RuntimeFailure {
  return error instanceof RuntimeError
    ? { code: error.code, message: error.message }
    : { code: 'server.error', message: 'The runtime could not be started.' };
}
