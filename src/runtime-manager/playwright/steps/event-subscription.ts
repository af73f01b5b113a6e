import type { Subscription } from '../../operations/calls/kinds.ts';

/** An event that is listened for from now on. */
export class EventSubscription implements Subscription, Disposable {
  readonly #event: Promise<unknown>;
  readonly #over = new AbortController();

  /** `listen` resolves with the event. */
  constructor(listen: (signal: AbortSignal) => Promise<unknown>) {
    this.#event = listen(this.#over.signal);
    // Whoever waits for the event hears of it; nobody may ever do.
    this.#event.catch(() => undefined);
  }

  value(): Promise<unknown> {
    return this.#event;
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }
}
