import type { BrowserContext, ConsoleMessage, WebError } from 'playwright-core';
import type { StepLog } from '../../operations/steps/step-outcome.ts';

const MOST_LOGS = 100;
const MOST_CHARACTERS = 2000;

/** What pages write to the console, and their errors, until it is disposed. */
export class StepLogs implements Disposable {
  readonly #context: BrowserContext;
  readonly #logs: StepLog[] = [];

  constructor(context: BrowserContext) {
    this.#context = context;
    context.on('console', this.#written);
    context.on('weberror', this.#thrown);
  }

  get all(): StepLog[] {
    return this.#logs;
  }

  [Symbol.dispose](): void {
    this.#context.off('console', this.#written);
    this.#context.off('weberror', this.#thrown);
  }

  readonly #written = (message: ConsoleMessage): void => {
    this.#add(message.type(), message.text(), message.page()?.url());
  };

  readonly #thrown = (error: WebError): void => {
    this.#add('pageerror', error.error().message, error.page()?.url());
  };

  #add(level: string, text: string, url = ''): void {
    if (this.#logs.length >= MOST_LOGS) return;
    this.#logs.push({
      level,
      text: text.slice(0, MOST_CHARACTERS),
      url: url.slice(0, MOST_CHARACTERS),
    });
  }
}
