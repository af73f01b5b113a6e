import type { Attached, Companion, Run } from '../companion.ts';
import type { PageObservers } from './page-observers.ts';

/** Records the default page of runtimes, and what happens in their pages while somebody wants to know. */
export class PageEvents implements Companion {
  readonly name = 'pages';
  readonly #observers: PageObservers;

  constructor(observers: PageObservers) {
    this.#observers = observers;
  }

  async attach({ runtime, browser: { pages }, setDefaultPage, note }: Run): Promise<Attached> {
    pages.follow({ defaultPage: setDefaultPage, event: note });
    const observing = this.#observers.follow(runtime.id, (isWanted) => pages.setObserved(isWanted));
    return { [Symbol.asyncDispose]: async () => observing[Symbol.dispose]() };
  }
}
