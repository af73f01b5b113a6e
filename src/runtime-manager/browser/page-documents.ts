import { z } from 'zod';
import type { CdpEvent, CdpPipe } from './cdp-pipe.ts';
import { PageDocument, type DocumentPlace } from './page-document.ts';

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
const Navigated = z.object({ frame: z.object({ id: z.string(), loaderId: z.string() }) });
const OfFrame = z.object({ frameId: z.string() });
const Tree = z.object({
  frame: z.object({ id: z.string(), loaderId: z.string() }),
  get childFrames() {
    return z.array(Tree).optional();
  },
});
type Tree = z.infer<typeof Tree>;
const FrameTree = z.object({ frameTree: Tree });
const Nothing = z.object({});

const COMMAND_TIMEOUT_MS = 10_000;

/** A debugging session with a page, or with frames of it that are in another process. */
interface Session {
  page: Pick<DocumentPlace, 'contextId' | 'pageId'>;
  /** By the frame that they are in. */
  documents: Map<string, PageDocument>;
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

  /** Tells those that are there, then those that come. Chromium has to be discovering targets. */
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
    if (method === 'Target.detachedFromTarget') this.#detached(params);
    const session = sessionId === undefined ? undefined : this.#sessions.get(sessionId);
    if (sessionId === undefined || !session) return;
    const frame = Navigated.safeParse(params).data?.frame;
    const frameId = OfFrame.safeParse(params).data?.frameId;
    if (method === 'Target.attachedToTarget') this.#attachedFrame(session, params);
    if (frame && method === 'Page.frameNavigated') this.#open(sessionId, frame.id, frame.loaderId);
    if (frameId && method === 'Page.frameAttached') this.#open(sessionId, frameId, '');
    if (frameId && method === 'Page.frameDetached') this.#leave(session, frameId);
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
      await this.#follow(sessionId, { contextId: browserContextId ?? '', pageId: targetId });
    } catch {
      // It was closed meanwhile.
      this.#pages.delete(targetId);
    }
  }

  /** Frames of other sites have processes, and so sessions, of their own. */
  #attachedFrame({ page }: Session, params: unknown): void {
    const attached = AttachedFrame.safeParse(params).data;
    if (attached?.targetInfo.type !== 'iframe') return;
    this.#follow(attached.sessionId, page).catch(() => undefined);
  }

  async #follow(sessionId: string, page: Session['page']): Promise<void> {
    if (this.#closed) return this.#detach(sessionId);
    this.#sessions.set(sessionId, { page, documents: new Map() });
    const signal = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    const send = <T>(method: string, params: Record<string, unknown>, result: z.ZodType<T>) =>
      this.#pipe.send(method, params, result, signal, sessionId);
    const filter = [{ type: 'iframe' }];
    const attach = { autoAttach: true, waitForDebuggerOnStart: false, flatten: true, filter };
    const [, , { frameTree }] = await Promise.all([
      send('Page.enable', {}, Nothing),
      send('Target.setAutoAttach', attach, Nothing),
      send('Page.getFrameTree', {}, FrameTree),
    ]);
    for (const { frame } of flatten(frameTree)) this.#open(sessionId, frame.id, frame.loaderId);
  }

  #open(sessionId: string, frameId: string, loaderId: string): void {
    const session = this.#sessions.get(sessionId);
    if (!session || session.documents.get(frameId)?.place.loaderId === loaderId) return;
    this.#leave(session, frameId);
    const document = new PageDocument(this.#pipe, {
      sessionId,
      frameId,
      loaderId,
      ...session.page,
    });
    session.documents.set(frameId, document);
    this.#opened(document);
  }

  #leave({ documents }: Session, frameId: string): void {
    documents.get(frameId)?.leave();
    documents.delete(frameId);
  }

  #detached(params: unknown): void {
    const sessionId = Attached.safeParse(params).data?.sessionId ?? '';
    const session = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    for (const document of session?.documents.values() ?? []) document.leave();
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
    for (const [sessionId, { documents }] of this.#sessions) {
      for (const document of documents.values()) document.leave();
      this.#detach(sessionId);
    }
    this.#sessions.clear();
  }
}

function flatten(tree: Tree): Tree[] {
  return [tree, ...(tree.childFrames ?? []).flatMap(flatten)];
}
