import { z } from 'zod';
import type { CdpEvent, CdpPipe } from '../cdp/cdp-pipe.ts';
import { PageDocument, type DocumentPlace } from './page-document.ts';
import { untilAborted } from '../../timing/until-aborted.ts';

export type { PageDocument };

const TargetInfo = z.object({
  targetId: z.string(),
  type: z.string(),
  browserContextId: z.string().optional(),
});
type TargetInfo = z.infer<typeof TargetInfo>;
const Targets = z.object({ targetInfos: z.array(TargetInfo) });
const Created = z.object({ targetInfo: TargetInfo });
const Attached = z.object({ sessionId: z.string() });
const AttachedFrame = z.object({ sessionId: z.string(), targetInfo: TargetInfo });
const Frame = z.object({ id: z.string(), parentId: z.string().optional(), loaderId: z.string() });
type Frame = z.infer<typeof Frame>;
const Navigated = z.object({ frame: Frame, type: z.string().optional() });
const OfFrame = z.object({ frameId: z.string(), parentFrameId: z.string().optional() });
const OfTarget = z.object({ targetId: z.string() });
const Tree = z.object({
  frame: Frame,
  get childFrames() {
    return z.array(Tree).optional();
  },
});
type Tree = z.infer<typeof Tree>;
const FrameTree = z.object({ frameTree: Tree });
const Nothing = z.object({});

const COMMAND_TIMEOUT_MS = 10_000;
const ANSWER_MS = 1000;

/** A debugging session with a page, or with frames of it that are in another process. */
interface Session {
  page: Pick<DocumentPlace, 'contextId' | 'pageId'>;
  /** By the frame that they are in. */
  documents: Map<string, PageDocument>;
  ended: AbortController;
}

/**
 * The documents in all frames of all pages of a browser, as they come and go. It takes a debugging
 * session with each page, without the domain that pages can notice (`Runtime`).
 */
export class PageDocuments implements Disposable {
  readonly #pipe: CdpPipe;
  readonly #opened: (document: PageDocument) => void;
  readonly #sessions = new Map<string, Session>();
  /** By target, those that have a session or are about to. */
  readonly #pages = new Set<string>();
  readonly #unlisten: () => void;
  #closed = false;

  private constructor(pipe: CdpPipe, opened: (document: PageDocument) => void) {
    this.#pipe = pipe;
    this.#opened = opened;
    this.#unlisten = pipe.listen((event) => this.#heard(event));
  }

  /**
   * Tells those that are there, then those that come; a page that does not answer within a second is
   * not waited for. Chromium has to be discovering targets.
   */
  static async open(
    pipe: CdpPipe,
    opened: (document: PageDocument) => void,
    signal: AbortSignal,
  ): Promise<PageDocuments> {
    using stack = new DisposableStack();
    const documents = stack.use(new PageDocuments(pipe, opened));
    const { targetInfos } = await pipe.send('Target.getTargets', {}, Targets, signal);
    await Promise.all(targetInfos.map((info) => documents.#attach(info)));
    stack.move();
    return documents;
  }

  /** Those that are there now. */
  get current(): PageDocument[] {
    return [...this.#sessions.values()].flatMap(({ documents }) => [...documents.values()]);
  }

  #heard({ method, params, sessionId }: CdpEvent): void {
    const info = Created.safeParse(params).data?.targetInfo;
    if (info && method === 'Target.targetCreated') void this.#attach(info);
    if (method === 'Target.targetDestroyed') this.#forget(params);
    if (method === 'Target.detachedFromTarget') this.#detached(params);
    const session = sessionId === undefined ? undefined : this.#sessions.get(sessionId);
    if (sessionId === undefined || !session) return;
    if (method === 'Target.attachedToTarget') this.#attachedFrame(session, params);
    if (method === 'Page.frameNavigated') this.#navigated(sessionId, session, params);
    const { frameId: id, parentFrameId: parentId } = OfFrame.safeParse(params).data ?? {};
    if (id === undefined) return;
    if (method === 'Page.frameAttached') this.#open(sessionId, { id, parentId, loaderId: '' });
    if (method === 'Page.frameDetached') this.#leave(session, id);
  }

  async #attach({ targetId, type, browserContextId }: TargetInfo): Promise<void> {
    if (type !== 'page' || this.#pages.has(targetId)) return;
    this.#pages.add(targetId);
    const signal = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    const params = { targetId, flatten: true };
    try {
      const { sessionId } = await this.#pipe.send(
        'Target.attachToTarget',
        params,
        Attached,
        signal,
      );
      const page = { contextId: browserContextId ?? '', pageId: targetId };
      await untilAborted(this.#follow(sessionId, page), AbortSignal.timeout(ANSWER_MS));
    } catch {
      // It was closed meanwhile, or answers late.
    }
  }

  /** Frames of other sites have processes, and so sessions, of their own. */
  #attachedFrame({ page }: Session, params: unknown): void {
    const attached = AttachedFrame.safeParse(params).data;
    if (attached?.targetInfo.type !== 'iframe') return;
    void this.#follow(attached.sessionId, page);
  }

  /** A page that hangs or shows a dialog is followed as soon as it answers. */
  async #follow(sessionId: string, page: Session['page']): Promise<void> {
    if (this.#closed) return this.#detach(sessionId);
    const session = { page, documents: new Map(), ended: new AbortController() };
    this.#sessions.set(sessionId, session);
    const filter = [{ type: 'iframe' }];
    const attach = { autoAttach: true, waitForDebuggerOnStart: false, flatten: true, filter };
    try {
      await Promise.all([
        this.#send(sessionId, session, 'Page.enable', {}, Nothing),
        this.#send(sessionId, session, 'Target.setAutoAttach', attach, Nothing),
        this.#openTree(sessionId, session),
      ]);
    } catch {
      // It has ended.
    }
  }

  #navigated(sessionId: string, session: Session, params: unknown): void {
    const { frame, type } = Navigated.safeParse(params).data ?? {};
    if (!frame) return;
    this.#open(sessionId, frame);
    // Nothing tells of the frames that come back with it.
    if (type !== 'BackForwardCacheRestore') return;
    this.#openTree(sessionId, session).catch(() => undefined); // It has ended.
  }

  /** Opens what is there and not known. What is known may be newer than the answer. */
  async #openTree(sessionId: string, session: Session): Promise<void> {
    const { frameTree } = await this.#send(sessionId, session, 'Page.getFrameTree', {}, FrameTree);
    for (const { frame } of flatten(frameTree)) {
      if (!session.documents.has(frame.id)) this.#open(sessionId, frame);
    }
  }

  #open(sessionId: string, { id, parentId, loaderId }: Frame): void {
    const session = this.#sessions.get(sessionId);
    if (!session || session.documents.get(id)?.place.loaderId === loaderId) return;
    this.#leave(session, id);
    const document = new PageDocument(this.#pipe, {
      sessionId,
      frameId: id,
      parentFrameId: parentId,
      loaderId,
      ...session.page,
    });
    session.documents.set(id, document);
    this.#opened(document);
  }

  /** With those in frames of it, of which Chromium does not tell. */
  #leave(session: Session, frameId: string): void {
    session.documents.get(frameId)?.leave();
    session.documents.delete(frameId);
    for (const { place } of session.documents.values()) {
      if (place.parentFrameId === frameId) this.#leave(session, place.frameId);
    }
  }

  #forget(params: unknown): void {
    const targetId = OfTarget.safeParse(params).data?.targetId;
    if (targetId !== undefined) this.#pages.delete(targetId);
  }

  #detached(params: unknown): void {
    const sessionId = Attached.safeParse(params).data?.sessionId ?? '';
    const session = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    if (session) endSession(session);
  }

  #send<T>(
    sessionId: string,
    { ended }: Session,
    method: string,
    params: Record<string, unknown>,
    result: z.ZodType<T>,
  ): Promise<T> {
    return this.#pipe.send(method, params, result, ended.signal, sessionId);
  }

  #detach(sessionId: string): void {
    const signal = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    this.#pipe
      .send('Target.detachFromTarget', { sessionId }, Nothing, signal)
      .catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#unlisten();
    for (const [sessionId, session] of this.#sessions) {
      endSession(session);
      this.#detach(sessionId);
    }
    this.#sessions.clear();
  }
}

function endSession({ documents, ended }: Session): void {
  for (const document of documents.values()) document.leave();
  ended.abort(new Error('the session has ended'));
}

function flatten(tree: Tree): Tree[] {
  return [tree, ...(tree.childFrames ?? []).flatMap(flatten)];
}
