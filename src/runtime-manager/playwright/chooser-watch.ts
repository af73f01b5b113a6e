import type { BrowserContext, Page } from 'playwright-core';
import { z } from 'zod';

const EVENT = 'filechooser';
/** Beginning and ending to hear takes Chromium a moment each, and calls often come one after the other. */
const LINGER_MS = 1000;

type Listener = (...args: unknown[]) => void;

/** What Playwright's types leave out of its objects. */
const Emitter = z.custom<{ listeners: (event: string) => Listener[] }>(
  (value) => typeof value === 'object' && value !== null && 'listeners' in value,
);

/**
 * Has the tools hear of file choosers only while a call is under way. A page whose file choosers
 * somebody hears of shows none, so people who drive the page between calls could give no files.
 */
export class ChooserWatch implements Disposable {
  readonly #context: BrowserContext;
  readonly #resting = new WeakMap<Page, Listener[]>();
  #calls = 0;
  #lingering: NodeJS.Timeout | undefined;

  constructor(context: BrowserContext) {
    this.#context = context;
    context.on('page', this.#opened);
  }

  /** Until a second after the result is disposed, the tools hear of file choosers. */
  during(): Disposable {
    clearTimeout(this.#lingering);
    this.#calls++;
    for (const page of this.#context.pages()) {
      for (const listener of this.#resting.get(page) ?? []) page.on(EVENT, listener);
      this.#resting.delete(page);
    }
    return { [Symbol.dispose]: () => this.#end() };
  }

  #end(): void {
    this.#calls--;
    if (this.#calls > 0) return;
    this.#lingering = setTimeout(() => {
      for (const page of this.#context.pages()) this.#rest(page);
    }, LINGER_MS).unref();
  }

  readonly #opened = (page: Page): void => {
    // The tools begin to listen in the same turn.
    queueMicrotask(() => {
      if (this.#calls === 0) this.#rest(page);
    });
  };

  #rest(page: Page): void {
    const listeners = Emitter.parse(page).listeners(EVENT);
    if (listeners.length === 0) return;
    for (const listener of listeners) page.off(EVENT, listener);
    this.#resting.set(page, listeners);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#lingering);
    this.#context.off('page', this.#opened);
  }
}
