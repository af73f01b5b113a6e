import type { BrowserContext, Dialog, Page } from 'playwright-core';

/**
 * Keeps dialogs out of the way of steps. Playwright dismisses every dialog that nobody listens for,
 * also one that a person is to answer; here it is left alone unless a step runs.
 */
export class StepDialogs implements Disposable {
  readonly #context: BrowserContext;
  readonly #open = new Set<Dialog>();
  /** Those that a subscription got. */
  readonly #claimed = new WeakSet<Dialog>();
  /** Where a dialog is waited for. */
  readonly #awaitedIn = new Set<unknown>();
  /** Set while a step runs. */
  #interrupt: (() => void) | undefined;

  constructor(context: BrowserContext) {
    this.#context = context;
    context.on('dialog', this.#opened);
    context.on('dialogclosed', this.#closed);
  }

  /** `owner`, a page or the context, has the next dialog for whoever waits for it. */
  expectIn(owner: unknown, settled: Promise<unknown>): void {
    this.#awaitedIn.add(owner);
    const forget = () => this.#awaitedIn.delete(owner);
    settled.then(forget, forget);
  }

  /**
   * Until it is disposed, a dialog that nobody waits for is dismissed. `claimed` resolves when there
   * is one that a subscription waits for: the page then does nothing until it is answered.
   */
  duringStep(): Disposable & { claimed: Promise<void> } {
    const { promise: claimed, resolve } = Promise.withResolvers<void>();
    this.#interrupt = resolve;
    for (const dialog of this.#open) if (!this.#claimed.has(dialog)) answer(dialog);
    return { claimed, [Symbol.dispose]: () => (this.#interrupt = undefined) };
  }

  isOpenIn(page: Page): boolean {
    return [...this.#open].some((dialog) => dialog.page() === page);
  }

  /** Without a listener Playwright would dismiss what is open, so then it stays. */
  [Symbol.dispose](): void {
    if (this.#open.size > 0) return;
    this.#context.off('dialog', this.#opened);
    this.#context.off('dialogclosed', this.#closed);
  }

  readonly #opened = (dialog: Dialog): void => {
    this.#open.add(dialog);
    const owner = [this.#context, dialog.page()].find((one) => this.#awaitedIn.delete(one));
    if (owner) {
      this.#claimed.add(dialog);
      this.#interrupt?.();
    } else if (this.#interrupt) {
      answer(dialog);
    }
  };

  readonly #closed = (dialog: Dialog): void => {
    this.#open.delete(dialog);
  };
}

/** As Playwright does by itself: a page may be left. */
function answer(dialog: Dialog): void {
  const answered = dialog.type() === 'beforeunload' ? dialog.accept() : dialog.dismiss();
  // Somebody else may have answered it, or its page be gone.
  answered.catch(() => undefined);
}
