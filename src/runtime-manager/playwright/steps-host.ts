/** The process that carries out steps for one browser. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { z } from 'zod';
import { StepError } from '../operations/steps/step-error.ts';
import { Step } from '../operations/steps/step.ts';
import { connectContext, givenFile, serveCalls } from './called-process.ts';
import { StepRunner } from './steps/step-runner.ts';

const OfOperation = z.object({ operationId: z.uuid() });
const OneStep = OfOperation.extend({ step: Step });

/** How long input that was cut off may take to end. */
const INPUT_MS = 500;

/** The browser's default context, and what the operations that are under way have bound in it. */
class Host {
  readonly #runners = new Map<string, StepRunner>();
  #context: BrowserContext | undefined;
  #hasCrashed = false;

  async start(params: unknown): Promise<void> {
    this.#context = await connectContext(params);
    // Playwright dismisses dialogs that nobody listens for, also those of a person or another client.
    this.#context.on('dialog', () => undefined);
    for (const page of this.#context.pages()) this.#watch(page);
    this.#context.on('page', (page) => this.#watch(page));
  }

  async step(params: unknown, signal: AbortSignal): Promise<object> {
    const { operationId, step } = OneStep.parse(params);
    const runner = this.#runnerOf(operationId);
    try {
      const { file, ...said } = await runner.run(step, { signal });
      return {
        ...said,
        ...(file && { file: { ...file, content: file.content.toString('base64') } }),
      };
    } catch (error) {
      throw await this.#failureOf(error, runner);
    }
  }

  async end(params: unknown): Promise<void> {
    const { operationId } = OfOperation.parse(params);
    const runner = this.#runners.get(operationId);
    this.#runners.delete(operationId);
    await runner?.[Symbol.asyncDispose]();
  }

  /** Playwright never uses a page again that has crashed, whatever the browser makes of it. */
  #watch(page: Page): void {
    page.on('crash', () => (this.#hasCrashed = true));
  }

  async #failureOf(error: unknown, runner: StepRunner): Promise<unknown> {
    if (!(error instanceof StepError)) return error;
    const givesInput = await Promise.race([runner.input, delay(INPUT_MS, true)]);
    const isSpent = givesInput || this.#hasCrashed;
    const { code, message, logs } = error;
    return Object.assign(new Error(message), { code, details: { logs, isSpent } });
  }

  /** An operation begins with its first step. */
  #runnerOf(operationId: string): StepRunner {
    const begun = this.#runners.get(operationId);
    if (begun) return begun;
    const context = this.#context;
    if (!context) throw new Error('the process was not started');
    const runner = new StepRunner(context, { page: () => firstOf(context), givenFile });
    this.#runners.set(operationId, runner);
    return runner;
  }
}

function firstOf(context: BrowserContext): Page {
  const [first] = context.pages();
  if (first) return first;
  throw new StepError('step_failed', 'The browser has no page: open one with context.newPage.');
}

const host = new Host();
serveCalls({
  start: (params) => host.start(params),
  step: (params, signal) => host.step(params, signal),
  end: (params) => host.end(params),
});
