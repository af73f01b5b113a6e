import type { Logger } from 'pino';
import { RuntimeError } from './errors.ts';
import type {
  DebuggingEndpoint,
  NodeBrowser,
  ProcessExit,
  RuntimeNode,
} from './node/runtime-node.ts';
import type { Runtime, RuntimeFailure, RuntimeMove, RuntimeStore } from './store.ts';

export type RuntimeEnd = Extract<RuntimeMove, { to: 'stopped' | 'failed' }>;

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
  }

  /** Where clients reach the browser; undefined before it runs and from the first end on. */
  get endpoint(): DebuggingEndpoint | undefined {
    return this.#ended ? undefined : this.#browser?.endpoint;
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

  /** A browser that goes away by itself is a failure, unless an end is already under way. */
  #exited({ code, signal }: ProcessExit): void {
    const message = `The browser exited by itself (${signal ?? `code ${code}`}).`;
    const ended = this.end({ to: 'failed', failure: { code: 'runtime.browser_exited', message } });
    ended.catch((err: unknown) => {
      this.#log.error({ err }, 'the end of a browser could not be recorded');
    });
  }

  async #finish(end: RuntimeEnd): Promise<Runtime> {
    this.#launch.abort();
    await this.#starting?.catch(() => undefined);
    try {
      if (end.to === 'stopped') await this.#move({ to: 'stopping' });
    } finally {
      await this.#browser?.kill();
    }
    const over = await this.#move(end);
    this.#log.info({ state: over.state, failure: over.failure }, 'runtime ended');
    return over;
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
