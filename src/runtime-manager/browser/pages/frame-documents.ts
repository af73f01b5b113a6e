import { z } from 'zod';
import type { CdpSession } from '../cdp/cdp-session.ts';
import { PageDocument, type DocumentPlace } from './page-document.ts';

/** The process of a page writes these. */
const Frame = z.object({ id: z.string(), parentId: z.string().optional(), loaderId: z.string() });
type Frame = z.infer<typeof Frame>;
const Navigated = z.object({ frame: Frame, type: z.string().optional() });
const Attached = z.object({ frameId: z.string(), parentFrameId: z.string().optional() });
const Detached = z.object({ frameId: z.string() });
const AttachedTarget = z.object({
  sessionId: z.string(),
  targetInfo: z.object({ type: z.string() }),
});
const Tree = z.object({
  frame: Frame,
  get childFrames() {
    return z.array(Tree).optional();
  },
});
type Tree = z.infer<typeof Tree>;
const FrameTree = z.object({ frameTree: Tree });

/** Which page documents are of. */
export type DocumentPage = Pick<DocumentPlace, 'contextId' | 'pageId'>;

export interface FrameDocumentsListeners {
  document: (document: PageDocument) => void;
  /** A frame of another site has a process, and so a session, of its own. */
  frame: (session: CdpSession) => void;
}

/**
 * The documents in the frames of a page that one debugging session reaches, as they come and go.
 * Disposing ends the session.
 */
export class FrameDocuments implements Disposable {
  readonly #session: CdpSession;
  readonly #page: DocumentPage;
  readonly #listeners: FrameDocumentsListeners;
  /** By the frame that they are in. */
  readonly #documents = new Map<string, PageDocument>();

  constructor(session: CdpSession, page: DocumentPage, listeners: FrameDocumentsListeners) {
    this.#session = session;
    this.#page = page;
    this.#listeners = listeners;
  }

  /** Those that are there now. */
  get current(): Iterable<PageDocument> {
    return this.#documents.values();
  }

  /**
   * Tells each document from now on. Resolves when those that are there are told: a page that hangs or
   * shows a dialog is followed as soon as it answers. Throws when the session ends.
   */
  async follow(): Promise<void> {
    const session = this.#session;
    const { gone: signal } = session;
    signal.addEventListener('abort', () => this.#leaveAll(), { once: true });
    session.on('Page.frameNavigated', (told) => this.#navigated(told));
    session.on('Page.frameAttached', (told) => this.#attached(told));
    session.on('Page.frameDetached', (told) => this.#detached(told));
    session.on('Target.attachedToTarget', (told) => this.#attachedTarget(told));
    const filter = [{ type: 'iframe' }];
    const attach = { autoAttach: true, waitForDebuggerOnStart: false, flatten: true, filter };
    await Promise.all([
      session.send('Page.enable', {}, { signal }),
      session.send('Target.setAutoAttach', attach, { signal }),
      this.#openTree(),
    ]);
  }

  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }

  #navigated(told: unknown): void {
    const { frame, type } = Navigated.safeParse(told).data ?? {};
    if (!frame) return;
    this.#open(frame);
    // Chromium sends no events for the frames that come back with the page.
    if (type !== 'BackForwardCacheRestore') return;
    this.#openTree().catch(() => undefined); // The session has ended.
  }

  #attached(told: unknown): void {
    const { frameId: id, parentFrameId: parentId } = Attached.safeParse(told).data ?? {};
    if (id !== undefined) this.#open({ id, parentId, loaderId: '' });
  }

  #detached(told: unknown): void {
    const { frameId } = Detached.safeParse(told).data ?? {};
    if (frameId !== undefined) this.#leave(frameId);
  }

  #attachedTarget(told: unknown): void {
    const { sessionId, targetInfo } = AttachedTarget.safeParse(told).data ?? {};
    if (sessionId === undefined || targetInfo?.type !== 'iframe') return;
    this.#listeners.frame(this.#session.child(sessionId));
  }

  /** Opens unknown documents only: a known one may be newer than the answer. */
  async #openTree(): Promise<void> {
    const options = { signal: this.#session.gone };
    const { frameTree } = FrameTree.parse(
      await this.#session.send('Page.getFrameTree', {}, options),
    );
    for (const { frame } of flatten(frameTree)) {
      if (!this.#documents.has(frame.id)) this.#open(frame);
    }
  }

  #open({ id, parentId, loaderId }: Frame): void {
    if (this.#session.gone.aborted) return;
    if (this.#documents.get(id)?.place.loaderId === loaderId) return;
    this.#leave(id);
    const place = { frameId: id, parentFrameId: parentId, loaderId, ...this.#page };
    const document = new PageDocument(this.#session, place);
    this.#documents.set(id, document);
    this.#listeners.document(document);
  }

  /** Leaves a frame and the frames within it, for which Chromium sends no events. */
  #leave(frameId: string): void {
    this.#documents.get(frameId)?.leave();
    this.#documents.delete(frameId);
    for (const { place } of this.#documents.values()) {
      if (place.parentFrameId === frameId) this.#leave(place.frameId);
    }
  }

  #leaveAll(): void {
    for (const document of this.#documents.values()) document.leave();
    this.#documents.clear();
  }
}

function flatten(tree: Tree): Tree[] {
  return [tree, ...(tree.childFrames ?? []).flatMap(flatten)];
}
