import type { Companion, Run } from '../companion.ts';
import { humanizerFor } from './humanizer.ts';

/** Gives clients' input as a person would, in the runtimes that ask for it. */
export class Humanize implements Companion {
  readonly name = 'humanize';
  readonly #maxDelayMs: number;

  /** `maxDelayMs`: how long a client's command may be delayed. */
  constructor(maxDelayMs: number) {
    this.#maxDelayMs = maxDelayMs;
  }

  async attach({ runtime, config, browser }: Run): Promise<undefined> {
    browser.endpoints.humanizer = humanizerFor(runtime, config, this.#maxDelayMs);
  }
}
