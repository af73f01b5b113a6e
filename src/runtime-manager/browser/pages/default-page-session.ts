import { z } from 'zod';
import type { CdpSession } from '../cdp/cdp-session.ts';
import type { Pages } from './pages.ts';

/** A page that was only just made has no size yet. */
const PAGE_HEIGHT = `new Promise((tell) => {
  const look = () => (innerHeight > 0 ? tell(innerHeight) : setTimeout(look, 5));
  look();
})`;

/** A debugging session with the default page, as long as only the service uses the browser. */
export class DefaultPageSession {
  readonly #browser: CdpSession;
  readonly #pages: Pages;
  #session: Promise<CdpSession> | undefined;

  constructor(browser: CdpSession, pages: Pages) {
    this.#browser = browser;
    this.#pages = pages;
  }

  /** Evaluates to a number. Throws when the page is gone, has crashed or does not answer in time. */
  async evaluate(expression: string, signal: AbortSignal): Promise<number> {
    this.#session ??= this.#browser.attach(this.#pageId(), { signal });
    const session = await this.#session;
    const params = { expression, awaitPromise: true };
    const { result } = await session.send('Runtime.evaluate', params, { signal });
    return z.number().parse(result.value);
  }

  /** By how much the window is higher than the page, in CSS pixels. */
  async windowChromeHeight(signal: AbortSignal): Promise<number> {
    const height = await this.evaluate(PAGE_HEIGHT, signal);
    const target = { targetId: this.#pageId() };
    // The page itself learns the size of its window some time later, or never when it is hidden.
    const { bounds } = await this.#browser.send('Browser.getWindowForTarget', target, { signal });
    return z.number().parse(bounds.height) - height;
  }

  /** Ends the session without waiting: later messages to the browser arrive after it. */
  leave(): void {
    // A failure means that there is no session, or no browser.
    this.#session?.then((session) => session[Symbol.dispose]()).catch(() => undefined);
    this.#session = undefined;
  }

  #pageId(): string {
    const { defaultPageId } = this.#pages;
    if (defaultPageId === undefined) throw new Error('the page of the browser is gone');
    return defaultPageId;
  }
}
