import type { Attached, Companion, Run } from '../companion.ts';
import { RuntimeError } from '../errors.ts';
import { Helper, type HelperOptions } from './helper.ts';
import {
  cancelOperation,
  executeSteps,
  OPERATIONS,
  toldOf,
  waitForOperation,
} from './operation-verbs.ts';
import { RunOperations, type RunOperationsOptions } from './run-operations.ts';
import { RunTools } from './run-tools.ts';
import { StepFiles, type StepFilesOptions } from './step-files.ts';

/** Two processes, since what hangs in one of them ends it. */
const STEPS = new URL('../playwright/steps-host.ts', import.meta.url);
const TOOLS = new URL('../playwright/tools-host.ts', import.meta.url);
/** How long a cancelled operation may take to end. */
const CANCEL_MS = 10_000;

export type ExecutionOptions = StepFilesOptions &
  Pick<RunOperationsOptions, 'nodeId' | 'store' | 'events'>;

/** Carries out steps and tools in a browser, on demand. */
export class Execution implements Companion {
  readonly name = OPERATIONS;
  readonly #options: ExecutionOptions;

  constructor(options: ExecutionOptions) {
    this.#options = options;
  }

  async attach(run: Run): Promise<Attached> {
    const files = new StepFiles(this.#options, run);
    const options: HelperOptions = {
      startHelper: (module) => run.browser.endpoints.startHelper(module),
      giveFile: (path, signal) => files.give(path, signal),
      log: run.log,
    };
    const [forSteps, forTools] = [new Helper(STEPS, options), new Helper(TOOLS, options)];
    const operations = new RunOperations({ ...this.#options, helper: forSteps, files }, run);
    const tools = new RunTools({ helper: forTools, files }, run);
    return {
      call: (verb, message, signal) => carryOut(operations, { verb, message, signal }),
      answer: (asked) => tools.answer(asked),
      [Symbol.asyncDispose]: async () => {
        await operations[Symbol.asyncDispose]();
        await Promise.all([forSteps, forTools].map((helper) => helper[Symbol.asyncDispose]()));
      },
    };
  }
}

interface Asked {
  verb: string;
  message: unknown;
  signal: AbortSignal;
}

async function carryOut(operations: RunOperations, { verb, message, signal }: Asked) {
  const within = (ms: number) => AbortSignal.any([signal, AbortSignal.timeout(ms)]);
  switch (`${OPERATIONS}.${verb}`) {
    case executeSteps.name: {
      const { waitMs, ...order } = executeSteps.message.parse(message);
      return toldOf(await operations.execute(order, within(waitMs)));
    }
    case waitForOperation.name: {
      const { id, timeoutMs } = waitForOperation.message.parse(message);
      return toldOf(await operations.wait(id, within(timeoutMs)));
    }
    case cancelOperation.name: {
      const { id } = cancelOperation.message.parse(message);
      return toldOf(await operations.cancel(id, within(CANCEL_MS)));
    }
    default:
      throw new RuntimeError('runtime.not_active', 'The runtime does not support this.');
  }
}
