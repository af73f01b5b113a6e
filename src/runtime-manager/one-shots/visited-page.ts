import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import type { Tab } from '../browser/pages/pages.ts';
import type { RuntimeError } from '../errors.ts';
import type { Deadline } from './deadline.ts';
import type { EgressFailures } from './egress-failures.ts';
import { MainDocument } from './main-document.ts';
import { invalidOption, loadFailed, selectorNotFound, timedOut } from './one-shot-errors.ts';
import type { OneShotOrder } from './one-shot-order.ts';
import { pageCall } from './page-call.ts';
import { shownError, source } from './page-scripts/content.ts';
import { appearance, refusals } from './page-scripts/selectors.ts';
import { setUpPage } from './page-setup.ts';

const EMPTY = 'about:blank';
/** Chromium's word where there is no page, but nothing failed. */
const ABORTED = 'net::ERR_ABORTED';

const Source = z.object({ url: z.string(), status: z.number() });
export type Source = z.infer<typeof Source>;

export interface VisitParts {
  session: CdpSession;
  tab: Pick<Tab, 'pageId' | 'contextId'>;
  order: OneShotOrder;
  deadline: Deadline;
  egress: EgressFailures;
  /** Aborts when there is nothing more to do, with the reason. */
  signal: AbortSignal;
}

/** The page of a one-shot: goes to where it is asked to, and then answers what it is asked. */
export class VisitedPage implements Disposable {
  readonly session: CdpSession;
  readonly signal: AbortSignal;
  readonly #parts: VisitParts;
  readonly #document: MainDocument;

  constructor(parts: VisitParts) {
    this.session = parts.session;
    this.signal = parts.signal;
    this.#parts = parts;
    this.#document = new MainDocument(parts.session, parts.tab);
  }

  /**
   * Loads the page and waits until it is ready. `selectors` are all that the order names, by their
   * paths. Throws `page.load_failed`, `page.selector_not_found`, `page.invalid_option`, or the reason
   * of the signal.
   */
  async visit(selectors: ReadonlyMap<string, string>): Promise<void> {
    const { order, deadline } = this.#parts;
    const { state, selector, ms } = order.visit.waitFor;
    await setUpPage(this.session, order.visit, this.signal);
    if (selectors.size > 0) await this.#assertSelectors(selectors);
    await this.#load();
    await this.#document.reached(state, this.signal);
    await this.#assertLoaded();
    if (selector !== undefined) {
      this.expectSelector('waitFor.selector', selector);
      await this.ask(pageCall(appearance, selector), z.unknown());
    }
    deadline.next(() => timedOut('work', order.timeoutMs));
    if (ms !== undefined) await this.#pause(ms);
  }

  /** Evaluates an expression in a world of our own, beside that of the page. */
  ask<T>(expression: string, result: z.ZodType<T>): Promise<T> {
    return this.#document.ask(expression, result, this.signal);
  }

  /** Where the page came from, and with which status. */
  source(): Promise<Source> {
    return this.ask(pageCall(source), Source);
  }

  /** A page whose time is over from now on is one without such an element. */
  expectSelector(path: string, selector: string): void {
    this.#parts.deadline.next(() => selectorNotFound(path, selector));
  }

  [Symbol.dispose](): void {
    this.#document[Symbol.dispose]();
  }

  async #assertSelectors(selectors: ReadonlyMap<string, string>): Promise<void> {
    const asked = pageCall(refusals, [...selectors.values()]);
    const refused = await this.ask(asked, z.array(z.string().nullable()));
    for (const [nth, path] of [...selectors.keys()].entries()) {
      const reason = refused[nth];
      if (reason) throw invalidOption(path, reason);
    }
  }

  async #load(): Promise<void> {
    const { session, signal } = this;
    const { url, html } = this.#parts.order.visit;
    // Content that is written into a new document has a time of its own at which its network is idle.
    const params = { url: url ?? EMPTY };
    const { errorText, isDownload } = await session.send('Page.navigate', params, { signal });
    if (isDownload) throw loadFailed(url, { error: errorText, why: 'The address is a download.' });
    if (errorText === ABORTED) {
      throw loadFailed(url, { error: errorText, why: 'The server answered without a page.' });
    }
    if (errorText !== undefined) throw this.#failed(url, errorText);
    if (html === undefined) return;
    const { pageId: frameId } = this.#parts.tab;
    await session.send('Page.setDocumentContent', { frameId, html }, { signal });
  }

  /** Throws when Chromium shows its own page instead, or the service its own about the address. */
  async #assertLoaded(): Promise<void> {
    const { unreachableUrl } = this.#document;
    if (unreachableUrl !== undefined) {
      const error = await this.ask(pageCall(shownError), z.string().nullable());
      throw this.#failed(unreachableUrl, error ?? undefined);
    }
    if (!this.#parts.egress.areAny) return;
    const { url } = await this.source();
    if (this.#parts.egress.of(url)?.isRefused) throw this.#failed(url);
  }

  #failed(url: string | undefined, error?: string): RuntimeError {
    const egress = url === undefined ? undefined : this.#parts.egress.of(url);
    return loadFailed(url, { error, egress });
  }

  async #pause(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.signal });
    } catch {
      this.signal.throwIfAborted();
    }
  }
}
