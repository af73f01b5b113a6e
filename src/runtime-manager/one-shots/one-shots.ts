import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { RuntimeError } from '../errors.ts';
import type { RequestScope, RuntimeManager } from '../manager.ts';
import type { Actor } from '../runtime/actor.ts';
import type { RuntimeRequest } from '../runtime/new-runtime.ts';
import type { Runtime, TimeLimits } from '../runtime/runtime.ts';
import { Deadline } from './deadline.ts';
import { timedOut } from './one-shot-errors.ts';
import { ONE_SHOTS, PAGE_HEADERS, type OneShotOrder } from './one-shot-order.ts';

const GRACE_MS = 1000;
/** By how much a runtime that nobody stops outlives its one-shot. */
const LEFT_SECONDS = 5;
const ALIAS_BYTES = 6;

export interface OneShotsParts {
  runtimes: Pick<RuntimeManager, 'create' | 'stop' | 'access'>;
  /** The longest times that a runtime may have. */
  ceilings: TimeLimits;
  log: Logger;
}

/** A runtime for one page, and what to do with the page. */
export interface OneShot
  extends Pick<OneShotOrder, 'visit' | 'work'>, Pick<RuntimeRequest, 'launch' | 'egress'> {
  /** The time for all of it. */
  timeoutMs: number;
}

export interface OneShotScope extends Pick<RequestScope, 'arrivedAt'> {
  /** Aborts when the client hangs up: then the one-shot is given up. */
  signal: AbortSignal;
  /** Told as soon as there is a runtime. */
  onRuntime: (runtime: Runtime) => void;
}

export interface OneShotAnswer {
  /** The media type. */
  type: string;
  content: ArrayBuffer;
  /** Where the page came from in the end, and with which status; undefined for one given as HTML. */
  url: string | undefined;
  status: string | undefined;
}

/** Pictures, PDFs and contents of single pages, each in a runtime of its own, which ends with it. */
export class OneShots {
  readonly #parts: OneShotsParts;

  constructor(parts: OneShotsParts) {
    this.#parts = parts;
  }

  /**
   * Throws what `RuntimeManager.create` throws, `runtime.not_active`, `runtime.unreachable`,
   * `page.load_failed`, `page.selector_not_found`, `page.invalid_option`, `page.too_large`,
   * `page.crashed` or `page.timeout`. Whatever happens, the runtime is stopped, for which nobody waits.
   */
  async carryOut(
    actor: Actor,
    workspace: string,
    { launch, egress, ...oneShot }: OneShot,
    { signal, arrivedAt = performance.now(), onRuntime }: OneShotScope,
  ): Promise<OneShotAnswer> {
    const { timeoutMs } = oneShot;
    const endsAt = arrivedAt + timeoutMs;
    const request = { ...this.#request(timeoutMs), launch, egress };
    const runtime = await inTime(
      { endsAt, signal, late: () => timedOut('start', timeoutMs) },
      (until) =>
        this.#parts.runtimes.create(actor, workspace, request, { arrivedAt, signal: until }),
    );
    try {
      onRuntime(runtime);
      const order = { ...oneShot, leftMs: Math.max(1, endsAt - performance.now()) };
      // The node is late first: it knows what the page is at.
      const late = () => timedOut('work', timeoutMs);
      return await inTime({ endsAt: endsAt + GRACE_MS, signal, late }, (until) =>
        this.#ask(runtime, order, until),
      );
    } finally {
      void this.#end(actor, runtime);
    }
  }

  /** What a runtime is asked for that lives for one page. Should this process die, time ends it. */
  #request(timeoutMs: number): Omit<RuntimeRequest, 'launch' | 'egress'> {
    const { maxDurationSeconds, idleTimeoutSeconds } = this.#parts.ceilings;
    const seconds = Math.ceil(timeoutMs / 1000) + LEFT_SECONDS;
    return {
      alias: `one-shot-${randomBytes(ALIAS_BYTES).toString('hex')}`,
      kind: 'browser',
      driver: 'playwright',
      recording: null,
      maxDurationSeconds: Math.min(seconds, maxDurationSeconds),
      idleTimeoutSeconds: Math.min(seconds, idleTimeoutSeconds),
    };
  }

  async #ask(runtime: Runtime, message: OneShotOrder, until: AbortSignal): Promise<OneShotAnswer> {
    const question = { path: `/${ONE_SHOTS}`, message };
    const answer = await this.#parts.runtimes.access.ask(runtime, question, until);
    const header = (name: string) => answer.headers.get(name) ?? undefined;
    return {
      type: header('content-type') ?? '',
      // Whole, so that one that breaks off is an error and no half picture.
      content: await answer.arrayBuffer(),
      url: header(PAGE_HEADERS.url),
      status: header(PAGE_HEADERS.status),
    };
  }

  async #end(actor: Actor, { workspaceId, id: runtimeId }: Runtime): Promise<void> {
    try {
      await this.#parts.runtimes.stop(actor, workspaceId, runtimeId);
    } catch (err) {
      this.#parts.log.warn(
        { err, runtimeId },
        'a one-shot could not be stopped, and ends by its time',
      );
    }
  }
}

interface Limit {
  /** By `performance.now()`. */
  endsAt: number;
  signal: AbortSignal;
  late: () => RuntimeError;
}

/** Throws what the work throws, and what `late` returns when its time is over. */
async function inTime<T>(
  { endsAt, signal, late }: Limit,
  work: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = new Deadline(Math.max(1, endsAt - performance.now()), late);
  try {
    return await work(AbortSignal.any([signal, deadline.signal]));
  } catch (error) {
    deadline.signal.throwIfAborted();
    throw error;
  }
}
