import type { CdpSession } from '../cdp/cdp-session.ts';
import type { CdpEvent } from '../cdp/protocol.ts';
import { untilAborted } from '../../timing/until-aborted.ts';
import { DocumentsOfPage } from './documents-of-page.ts';
import type { PageDocument } from './page-document.ts';

export type { PageDocument };

type TargetInfo = CdpEvent<'Target.targetCreated'>['targetInfo'];

const ANSWER_MS = 1000;

/**
 * The documents in all frames of all pages of a browser, as they come and go. It takes a debugging
 * session with each page, without the domain that pages can notice (`Runtime`).
 */
export class PageDocuments implements Disposable {
  readonly #browser: CdpSession;
  readonly #opened: (document: PageDocument) => void;
  /** By target, those that have a session or are about to. */
  readonly #pages = new Map<string, DocumentsOfPage>();
  readonly #listening = new DisposableStack();

  private constructor(browser: CdpSession, opened: (document: PageDocument) => void) {
    this.#browser = browser;
    this.#opened = opened;
    const listening = this.#listening;
    listening.use(
      browser.on('Target.targetCreated', ({ targetInfo }) => void this.#attach(targetInfo)),
    );
    listening.use(browser.on('Target.targetDestroyed', ({ targetId }) => this.#closed(targetId)));
  }

  /**
   * Tells those that are there, then those that come; a page that does not answer within a second is
   * not waited for. Chromium has to be discovering targets.
   */
  static async open(
    browser: CdpSession,
    opened: (document: PageDocument) => void,
    signal: AbortSignal,
  ): Promise<PageDocuments> {
    using stack = new DisposableStack();
    const documents = stack.use(new PageDocuments(browser, opened));
    const { targetInfos } = await browser.send('Target.getTargets', {}, { signal });
    await Promise.all(targetInfos.map((info) => documents.#attach(info)));
    stack.move();
    return documents;
  }

  /** Those that are there now. */
  get current(): PageDocument[] {
    return [...this.#pages.values()].flatMap(({ current }) => current);
  }

  async #attach({ targetId, type, browserContextId: contextId = '' }: TargetInfo): Promise<void> {
    if (type !== 'page' || this.#pages.has(targetId)) return;
    const page = new DocumentsOfPage({ contextId, pageId: targetId }, this.#opened);
    this.#pages.set(targetId, page);
    try {
      const session = await this.#browser.attach(targetId);
      const followed = page.follow(session);
      await untilAborted(followed, AbortSignal.timeout(ANSWER_MS));
    } catch {
      // The page was closed meanwhile, or answers late.
    }
  }

  #closed(targetId: string): void {
    this.#pages.get(targetId)?.[Symbol.dispose]();
    this.#pages.delete(targetId);
  }

  [Symbol.dispose](): void {
    this.#listening.dispose();
    for (const page of this.#pages.values()) page[Symbol.dispose]();
  }
}
