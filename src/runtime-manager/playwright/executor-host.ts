/**
 * The process that carries out steps and tools for one browser. The service calls it over its pipes;
 * it ends with the service or the browser, whichever goes first.
 */
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { z } from 'zod';
import { StepError } from '../operations/steps/step-error.ts';
import { Step } from '../operations/steps/step.ts';
import { confineNetwork } from './network.ts';
import { Peer } from './peer.ts';
import { StepRunner } from './steps/step-runner.ts';

const Start = z.object({ cdpUrl: z.url(), proxyPort: z.int() });
const OfOperation = z.object({ operationId: z.uuid() });
const OneStep = OfOperation.extend({ step: Step });
const GivenPath = z.string();
const GIVE_MS = 60_000;

/** The browser's default context, and what the operations that are under way have bound in it. */
class Host {
  readonly #runners = new Map<string, StepRunner>();
  #context: BrowserContext | undefined;

  async start(params: unknown): Promise<void> {
    const { cdpUrl, proxyPort } = Start.parse(params);
    confineNetwork(proxyPort, [Number(new URL(cdpUrl).port)]);
    const browser = await chromium.connectOverCDP(cdpUrl, { isLocal: true });
    browser.on('disconnected', () => process.exit());
    [this.#context] = browser.contexts();
    // Playwright dismisses dialogs that nobody listens for, also those of a person or another client.
    this.#context?.on('dialog', () => undefined);
  }

  begin(params: unknown): void {
    const { operationId } = OfOperation.parse(params);
    const context = this.#started;
    this.#runners.set(
      operationId,
      new StepRunner(context, { page: () => firstOf(context), givenFile }),
    );
  }

  async step(params: unknown, signal: AbortSignal): Promise<object> {
    const { operationId, step } = OneStep.parse(params);
    const { file, ...said } = await this.#runnerOf(operationId).run(step, { signal });
    return { ...said, file: file && { ...file, content: file.content.toString('base64') } };
  }

  async end(params: unknown): Promise<void> {
    const { operationId } = OfOperation.parse(params);
    const runner = this.#runnerOf(operationId);
    this.#runners.delete(operationId);
    await runner[Symbol.asyncDispose]();
  }

  get #started(): BrowserContext {
    if (!this.#context) throw new Error('the browser has no default context');
    return this.#context;
  }

  #runnerOf(operationId: string): StepRunner {
    const runner = this.#runners.get(operationId);
    if (!runner) throw new Error('there is no such operation');
    return runner;
  }
}

function firstOf(context: BrowserContext): Page {
  const [first] = context.pages();
  if (first) return first;
  throw new StepError('step_failed', 'The browser has no page: open one with context.newPage.');
}

async function givenFile(path: string): Promise<string> {
  const given = await peer.call('giveFile', { path }, AbortSignal.timeout(GIVE_MS));
  return GivenPath.parse(given);
}

const host = new Host();
const peer = new Peer(
  { input: process.stdin, output: process.stdout },
  {
    start: (params) => host.start(params),
    begin: async (params) => host.begin(params),
    step: (params, signal) => host.step(params, signal),
    end: (params) => host.end(params),
  },
);
process.stdin.once('close', () => process.exit());
// A page that goes away fails calls that nobody waits for any more.
process.on('unhandledRejection', () => undefined);
