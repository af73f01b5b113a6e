import type { CdpSession } from '../cdp/cdp-session.ts';
import type { CdpEvent } from '../cdp/protocol.ts';
import { untilAborted } from '../../timing/until-aborted.ts';
import { FrameDocuments, type DocumentPage } from './frame-documents.ts';
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
  readonly #followed = new Set<FrameDocuments>();
  /** By target, those that have a session or are about to. */
  readonly #pages = new Set<string>();
  readonly #listening = new DisposableStack();

  private constructor(browser: CdpSession, opened: (document: PageDocument) => void) {
    this.#browser = browser;
    this.#opened = opened;
    const listening = this.#listening;
    listening.use(
      browser.on('Target.targetCreated', ({ targetInfo }) => void this.#attach(targetInfo)),
    );
    listening.use(
      browser.on('Target.targetDestroyed', ({ targetId }) => void this.#pages.delete(targetId)),
    );
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
    return [...this.#followed].flatMap(({ current }) => [...current]);
  }

  async #attach({ targetId, type, browserContextId: contextId = '' }: TargetInfo): Promise<void> {
    if (type !== 'page' || this.#pages.has(targetId)) return;
    this.#pages.add(targetId);
    try {
      const session = await this.#browser.attach(targetId);
      const followed = this.#follow(session, { contextId, pageId: targetId });
      await untilAborted(followed, AbortSignal.timeout(ANSWER_MS));
    } catch {
      // The page was closed meanwhile, or answers late.
    }
  }

  async #follow(session: CdpSession, page: DocumentPage): Promise<void> {
    if (this.#listening.disposed) return session[Symbol.dispose]();
    if (session.gone.aborted) return;
    const documents = new FrameDocuments(session, page, {
      document: this.#opened,
      frame: (child) => void this.#follow(child, page),
    });
    this.#followed.add(documents);
    session.gone.addEventListener('abort', () => this.#followed.delete(documents), { once: true });
    // A failure means that the session has ended.
    await documents.follow().catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#listening.dispose();
    for (const documents of this.#followed) documents[Symbol.dispose]();
  }
}
