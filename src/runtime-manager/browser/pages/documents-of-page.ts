import type { CdpSession } from '../cdp/cdp-session.ts';
import { FrameDocuments, type DocumentPage } from './frame-documents.ts';
import type { PageDocument } from './page-document.ts';

/** The documents in all frames of one page, in whatever processes they are. Disposing ends its sessions. */
export class DocumentsOfPage implements Disposable {
  readonly #page: DocumentPage;
  readonly #opened: (document: PageDocument) => void;
  readonly #followed = new Set<FrameDocuments>();
  #isOver = false;

  constructor(page: DocumentPage, opened: (document: PageDocument) => void) {
    this.#page = page;
    this.#opened = opened;
  }

  /** Those that are there now. */
  get current(): PageDocument[] {
    return [...this.#followed].flatMap(({ current }) => [...current]);
  }

  /** Tells each document that a session with the page reaches, as `FrameDocuments.follow` does. Never throws. */
  async follow(session: CdpSession): Promise<void> {
    if (this.#isOver) return session[Symbol.dispose]();
    if (session.gone.aborted) return;
    const documents = new FrameDocuments(session, this.#page, {
      document: this.#opened,
      frame: (child) => void this.follow(child),
    });
    this.#followed.add(documents);
    session.gone.addEventListener('abort', () => this.#followed.delete(documents), { once: true });
    // A failure means that the session has ended.
    await documents.follow().catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const documents of this.#followed) documents[Symbol.dispose]();
  }
}
