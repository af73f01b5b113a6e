import { PeerError } from '../playwright/peer.ts';
import type { Helper } from './helper.ts';
import { FailedStep, Outcome, type StepOutcome } from './outcome.ts';
import type { Step } from './steps/step.ts';

/** How long letting go of what steps have bound may take. */
const END_MS = 5000;

export type StepHelper = Pick<Helper, 'isRunning' | 'ready' | 'call' | 'replace'>;

/** The steps of one operation, which share what they bind. */
export class StepSession implements Disposable {
  readonly #helper: StepHelper;
  readonly #operationId: string;

  constructor(helper: StepHelper, operationId: string) {
    this.#helper = helper;
    this.#operationId = operationId;
  }

  /** Throws as `Helper.call`. */
  async run(step: Step, signal: AbortSignal): Promise<StepOutcome> {
    const operationId = this.#operationId;
    try {
      return Outcome.parse(await this.#helper.call('step', { operationId, step }, signal));
    } catch (error) {
      const failed = error instanceof PeerError && FailedStep.safeParse(error.details).data;
      if (failed && failed.isSpent) await this.#helper.replace();
      throw error;
    }
  }

  /** Nobody waits for it: what comes next comes after it in the process, too. */
  [Symbol.dispose](): void {
    // A process that has gone has bound nothing.
    if (!this.#helper.isRunning) return;
    const params = { operationId: this.#operationId };
    this.#helper.call('end', params, AbortSignal.timeout(END_MS)).catch(() => undefined);
  }
}
