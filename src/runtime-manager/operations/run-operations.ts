import type { Run } from '../companion.ts';
import { RuntimeError } from '../errors.ts';
import type { EventStore } from '../runtime/event-store.ts';
import type { NewEvent } from '../runtime/events.ts';
import { retry } from '../timing/retry.ts';
import { Turns } from '../timing/turns.ts';
import { idsOf } from '../tracing/attributes.ts';
import { inSpan } from '../tracing/tracing.ts';
import { OngoingOperation } from './ongoing-operation.ts';
import {
  INTERRUPTED,
  type Operation,
  type OperationEnd,
  type OperationEndStatus,
  type OperationError,
  type StepResult,
} from './operation.ts';
import type { OperationStore } from './operation-store.ts';
import type { StepsOrder } from './operation-verbs.ts';
import { ProgressWriter } from './progress-writer.ts';
import { recordable } from './recordable.ts';
import { notRun, runSteps } from './run-steps.ts';
import type { StepFiles } from './step-files.ts';
import { StepSession, type StepHelper } from './step-session.ts';

/** How many operations of one runtime may be under way, also those that wait. */
const UNDER_WAY_MAX = 100;
const RETRY_DELAYS = { minMs: 100, maxMs: 5000 };
/** How long the database may be away before an end is given up: the next start records it. */
const AWAY_MS = 120_000;
/** How long the end of a runtime waits for the ends of its operations. */
const ENDINGS_MS = 2000;

/** An operation that is over by then is told in one. */
const SOON_MS = 50;

const CANCELLED = {
  code: 'operation.cancelled',
  message: 'The operation was cancelled.',
} as const satisfies OperationError;

export interface RunOperationsOptions {
  nodeId: string;
  store: OperationStore;
  events: Pick<EventStore, 'appendEvents'>;
  helper: StepHelper;
  files: Pick<StepFiles, 'keep'>;
}

/** The operations of one run. One is carried out at a time, in the order in which they came. */
export class RunOperations implements AsyncDisposable {
  readonly #options: RunOperationsOptions;
  readonly #run: Run;
  readonly #turns = new Turns(1);
  readonly #ongoing = new Map<string, OngoingOperation>();

  constructor(options: RunOperationsOptions, run: Run) {
    this.#options = options;
    this.#run = run;
  }

  /** Begins an operation unless it is there, and waits for it as `wait`. Throws `operation.too_many`. */
  async execute(order: StepsOrder, until: AbortSignal): Promise<Operation | undefined> {
    const { id } = order;
    if (!this.#ongoing.has(id)) {
      if (this.#ongoing.size >= UNDER_WAY_MAX) throw tooMany();
      const operation = new OngoingOperation(id, order.steps.length);
      this.#ongoing.set(id, operation);
      const isFirst = this.#ongoing.size === 1;
      try {
        if (!(await this.#insert(operation, isFirst))) {
          this.#forget(operation);
          return undefined;
        }
      } catch (error) {
        this.#forget(operation);
        throw error;
      }
      void this.#carryOut(operation, order, isFirst);
    }
    return this.wait(id, until);
  }

  /**
   * Resolves with an operation as it is recorded once it is over, or with undefined when `until` aborts
   * before, and for one that is not here.
   */
  async wait(id: string, until: AbortSignal): Promise<Operation | undefined> {
    return this.#ongoing.get(id)?.whenOver(until);
  }

  /** Ends an operation, and waits for it as `wait`. */
  async cancel(id: string, until: AbortSignal): Promise<Operation | undefined> {
    this.#ongoing.get(id)?.end('cancelled');
    return this.wait(id, until);
  }

  /** Ends all operations with the run. */
  async [Symbol.asyncDispose](): Promise<void> {
    const left = [...this.#ongoing.values()];
    for (const operation of left) operation.end('interrupted');
    // The end of a runtime does not wait for a database that is away.
    const until = AbortSignal.timeout(ENDINGS_MS);
    await Promise.all(left.map((operation) => operation.whenOver(until)));
  }

  /** False: it was here before, or the record of the runtime is gone. */
  async #insert({ id, progress }: OngoingOperation, isFirst: boolean): Promise<boolean> {
    const { store, nodeId } = this.#options;
    const { id: runtimeId, organizationId, workspaceId, alias } = this.#run.runtime;
    const status = isFirst ? 'running' : 'queued';
    const about = { organizationId, workspaceId, runtimeId, alias, nodeId };
    return store.insert({ id, ...about, status, progress });
  }

  #forget(operation: OngoingOperation, recorded?: Operation): void {
    this.#ongoing.delete(operation.id);
    operation.isOver(recorded);
  }

  async #carryOut(operation: OngoingOperation, order: StepsOrder, isFirst: boolean): Promise<void> {
    const { id } = operation;
    if (!isFirst) this.#note('operation.queued', { operationId: id });
    const inTurn = async () => {
      using _use = this.#run.use();
      using progress = new ProgressWriter(operation, this.#options.store);
      if (!isFirst) await this.#written(() => this.#options.store.begin(id));
      using begun = this.#tellBegun(operation);
      const steps = await this.#steps(operation, order, progress);
      await progress.settled();
      return this.#end(id, endOf(operation, order, steps), begun);
    };
    const ids = { ...idsOf(this.#run.runtime), 'bctrl.operation.id': id };
    const traced = () =>
      inSpan('operation.run', ids, async (span) => {
        const recorded = await inTurn();
        if (recorded?.error) span.fail(recorded.error.code);
        return recorded;
      });
    // One that is given up does not wait for those before it.
    const stopped = () => this.#end(id, endOf(operation, order, notRun(order.steps)));
    this.#forget(operation, await this.#turns.take(traced, operation.signal).catch(stopped));
  }

  /** Resolves with the operation as its end is recorded; undefined: it cannot be. */
  async #end(id: string, given: OperationEnd, begun?: Disposable): Promise<Operation | undefined> {
    const end = recordable(given);
    this.#log(id, end);
    const recorded = await this.#written(() => this.#options.store.end(id, end));
    begun?.[Symbol.dispose]();
    this.#tell(id, end);
    return recorded;
  }

  /** Tells at once that an operation has begun, unless it is over soon: then with its end. */
  #tellBegun({ id: operationId, progress }: OngoingOperation): Disposable {
    const { totalSteps } = progress;
    let isTold = false;
    const tell = () => {
      if (!isTold) this.#note('operation.started', { operationId, totalSteps });
      isTold = true;
    };
    const timer = setTimeout(tell, SOON_MS);
    return {
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        tell();
      },
    };
  }

  async #steps(
    operation: OngoingOperation,
    { steps }: StepsOrder,
    progress: ProgressWriter,
  ): Promise<StepResult[]> {
    const { helper, files } = this.#options;
    const { id, signal } = operation;
    const ready = helper.ready(signal);
    // The start of the process takes nothing of the time of a step, which fails where the start does.
    await ready.catch(() => undefined);
    using session = new StepSession(helper, id);
    const progressed = progress.progressed.bind(progress);
    const { log, browser } = this.#run;
    const isHeld = () => browser.endpoints.control.hold !== undefined;
    return await runSteps(steps, { ready, session, files, signal, progressed, isHeld, log });
  }

  /** Never rejects: what cannot be recorded now is recorded as interrupted by the next start. */
  async #written<T>(write: () => Promise<T>): Promise<T | undefined> {
    const { log } = this.#run;
    return retry(write, {
      ...RETRY_DELAYS,
      signal: AbortSignal.timeout(AWAY_MS),
      onFailure: (err) => log.error({ err }, 'an operation could not be recorded yet'),
    }).catch(() => undefined);
  }

  /** Names the step that failed as the customer does; what it failed with may be the customer's secret. */
  #log(operationId: string, { status, result, error }: OperationEnd): void {
    const failed = result?.steps.find((step) => step.status === 'failed');
    const { step, call, scriptId, scriptName } = failed ?? {};
    const { log } = this.#run;
    log.info(
      { operationId, status, code: error?.code, step, call, scriptId, scriptName },
      'operation ended',
    );
  }

  #tell(operationId: string, { status, error }: OperationEnd): void {
    const why = error && { code: error.code, message: error.message };
    this.#note(`operation.${status}`, { operationId, ...(status === 'failed' && why) });
  }

  /** Once the end has begun, the record of the run takes no more events. */
  #note(type: NewEvent['type'], data: NewEvent['data']): void {
    const { runtime, signal, note, log } = this.#run;
    if (!signal.aborted) return note({ type, data });
    this.#options.events.appendEvents(runtime, [{ type, data }]).catch((err: unknown) => {
      log.error({ err }, 'what became of an operation could not be recorded');
    });
  }
}

function endOf(
  operation: OngoingOperation,
  { mode }: StepsOrder,
  steps: StepResult[],
): OperationEnd {
  const { progress, stop } = operation;
  const failed = steps.find(({ error }) => error)?.error;
  const isStopped = stop !== undefined && !steps.every(isSucceeded);
  const error = isStopped ? STOPS[stop].error : failed;
  const status = isStopped ? STOPS[stop].status : statusAfter(failed);
  return { status, progress, result: { mode, steps }, error };
}

function isSucceeded({ status }: StepResult): boolean {
  return status === 'succeeded';
}

function statusAfter(failed: OperationError | undefined): OperationEndStatus {
  return failed ? 'failed' : 'succeeded';
}

const STOPS = {
  cancelled: { status: 'cancelled', error: CANCELLED },
  interrupted: { status: 'failed', error: INTERRUPTED },
} as const;

function tooMany(): RuntimeError {
  const message = `A runtime has at most ${UNDER_WAY_MAX} operations under way.`;
  return new RuntimeError('operation.too_many', message, { retryAfterSeconds: 1 });
}
