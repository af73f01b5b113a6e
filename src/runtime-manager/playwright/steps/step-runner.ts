import type { BrowserContext, Page } from 'playwright-core';
import { type Kind, PARTS_OF_PAGE, SCRIPT_CALL } from '../../operations/calls/kinds.ts';
import { type ResolvedCall, resolveCall } from '../../operations/steps/resolve-call.ts';
import { StepError } from '../../operations/steps/step-error.ts';
import type { StepOutcome } from '../../operations/steps/step-outcome.ts';
import type { Step } from '../../operations/steps/step.ts';
import { untilAborted } from '../../timing/until-aborted.ts';
import { Bindings } from './bindings.ts';
import { carryOut } from './carry-out.ts';
import { toStepError } from './failures.ts';
import { StepDialogs } from './step-dialogs.ts';
import { StepLogs } from './step-logs.ts';
import { ScriptGuard } from './script-guard.ts';
import { TimeLimit } from './time-limit.ts';

/** Playwright says more about a call that did not end in time, so it may be the first to say so. */
const GRACE_MS = 500;

interface StepRunnerOptions {
  /** The page that steps mean by `page`. */
  page: () => Page;
  /** The path on this machine of a file of the runtime. Throws when there is none. */
  givenFile: (path: string) => Promise<string>;
}

/** What gives input that no signal ends. */
const INPUT: readonly Kind[] = PARTS_OF_PAGE;

/** Methods that run code of the customer in a page, which may never end. */
const RUN_CODE = ['evaluate', 'evaluateAll', 'evaluateHandle', 'waitForFunction', SCRIPT_CALL];

/** Carries out steps that were checked, one after the other, in one browser. */
export class StepRunner implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #givenFile: StepRunnerOptions['givenFile'];
  readonly #bindings: Bindings;
  readonly #dialogs: StepDialogs;
  #input: Promise<false> = Promise.resolve(false);

  constructor(context: BrowserContext, { page, givenFile }: StepRunnerOptions) {
    this.#context = context;
    this.#givenFile = givenFile;
    this.#bindings = new Bindings(context, page);
    this.#dialogs = new StepDialogs(context);
  }

  /**
   * Resolves when the input of the last step is over: Playwright goes on with it when the step is cut
   * off.
   */
  get input(): Promise<false> {
    return this.#input;
  }

  /** Throws a `StepError`. */
  async run(step: Step, { signal }: { signal: AbortSignal }): Promise<StepOutcome> {
    if (step.options.dryRun) return { dryRun: true };
    const found = resolveCall(step.call, this.#bindings.kinds);
    if (typeof found !== 'object') {
      throw new StepError('binding_gone', `There is nothing for "${step.call}" any more`);
    }
    if (step.options.logs === 'off') return this.#runInTime(step, found, signal);
    using logs = new StepLogs(this.#context);
    try {
      return { ...(await this.#runInTime(step, found, signal)), logs: logs.all };
    } catch (error) {
      if (error instanceof StepError) error.logs = logs.all;
      throw error;
    }
  }

  /** Pages stay open: they are the runtime's. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#dialogs[Symbol.dispose]();
    await this.#bindings[Symbol.asyncDispose]();
  }

  async #runInTime(step: Step, found: ResolvedCall, cancelled: AbortSignal): Promise<StepOutcome> {
    const graceMs = found.call.limits === undefined ? 0 : GRACE_MS;
    using limit = new TimeLimit(step.options.timeoutMs, graceMs, cancelled);
    using during = this.#dialogs.duringStep();
    const { signal } = limit;
    try {
      signal.throwIfAborted();
      using guard = await this.#openGuard(found, signal);
      const [bindings, dialogs, givenFile] = [this.#bindings, this.#dialogs, this.#givenFile];
      const work = carryOut({ step, found, signal, bindings, dialogs, givenFile });
      if (INPUT.includes(found.kind)) this.#input = settled(work);
      // A call that opens a dialog does not end before the answer, which a later step gives.
      const ended = found.call.yields === 'event' ? work : Promise.race([work, during.claimed]);
      return (await orStop(untilAborted(ended, signal), guard)) ?? {};
    } catch (error) {
      throw toStepError(signal.aborted ? signal.reason : error, found.kind);
    }
  }

  /** Undefined: the call runs no script. */
  async #openGuard(found: ResolvedCall, signal: AbortSignal): Promise<ScriptGuard | undefined> {
    if (!RUN_CODE.includes(found.method)) return undefined;
    const { page } = this.#bindings.targetOf(found);
    if (!page) return undefined;
    const opened = ScriptGuard.open(page, {
      isOfFrames: found.kind !== 'page',
      isBlocked: () => this.#dialogs.isOpenIn(page),
    });
    // Whatever a busy page opens too late is closed then.
    opened.then((guard) => signal.aborted && guard[Symbol.dispose]()).catch(() => undefined);
    return untilAborted(opened, signal);
  }
}

function settled(work: Promise<unknown>): Promise<false> {
  return work.then(
    () => false,
    () => false,
  );
}

/** Does not leave a page busy with a script that came to no result. */
async function orStop<T>(ended: Promise<T>, guard: ScriptGuard | undefined): Promise<T> {
  try {
    return await ended;
  } catch (error) {
    await guard?.stop();
    throw error;
  }
}
