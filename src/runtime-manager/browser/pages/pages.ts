import { z } from 'zod';
import type { NewEvent, PageEventType } from '../../runtime/events.ts';
import type { CdpEvent, CdpPipe } from '../cdp/cdp-pipe.ts';
import { PageDocuments, type PageDocument } from './page-documents.ts';
import { cut, toPageEvent } from './page-events.ts';

const TargetInfo = z.object({
  targetId: z.string(),
  type: z.string(),
  title: z.string(),
  url: z.string(),
  browserContextId: z.string(),
});
type TargetInfo = z.infer<typeof TargetInfo>;

const Told = z.object({ targetInfo: TargetInfo });
const Gone = z.object({ targetId: z.string() });
const Attached = z.object({ sessionId: z.string() });
const Nothing = z.object({});

const COMMAND_TIMEOUT_MS = 10_000;

/** The default context and its first page, by their CDP ids. */
export interface DefaultPage {
  contextId: string;
  pageId: string;
}

export interface PageListeners {
  /** Another page is the first of the default context; undefined: it has none. */
  defaultPage: (pageId: string | undefined) => void;
  event: (event: NewEvent) => void;
}

interface OpenPage {
  info: TargetInfo;
  /** Only while pages are observed. */
  sessionId: string | undefined;
}

/**
 * The pages of a browser as they come and go. That one crashed is always told; everything else only
 * while somebody observes, since it takes a debugging session with each page.
 */
export class Pages {
  readonly contextId: string;
  readonly #pipe: CdpPipe;
  readonly #pages = new Map<string, OpenPage>();
  #defaultPageId: string | undefined;
  #listeners: PageListeners | undefined;
  #observed = false;
  #hasCrashed = false;

  constructor(pipe: CdpPipe, { contextId, pageId }: DefaultPage) {
    this.#pipe = pipe;
    this.contextId = contextId;
    this.#defaultPageId = pageId;
  }

  /** The first page of the default context. */
  get defaultPageId(): string | undefined {
    return this.#defaultPageId;
  }

  /** Whether the default page is there, and none has crashed. */
  get areWell(): boolean {
    return this.#defaultPageId !== undefined && !this.#hasCrashed;
  }

  /** Begins to know which pages there are. Throws when Chromium does not answer. */
  async discover(signal: AbortSignal): Promise<void> {
    this.#pipe.listen((event) => this.#heard(event));
    await this.#pipe.send('Target.setDiscoverTargets', { discover: true }, Nothing, signal);
  }

  /** Tells from now on what happens. */
  follow(listeners: PageListeners): void {
    this.#listeners = listeners;
  }

  /** Tells each document of each page, those that are there first. Throws when Chromium does not answer. */
  followDocuments(
    opened: (document: PageDocument) => void,
    signal: AbortSignal,
  ): Promise<PageDocuments> {
    return PageDocuments.open(this.#pipe, opened, signal);
  }

  /** Whether what happens in pages is told too. */
  setObserved(observed: boolean): void {
    if (observed === this.#observed) return;
    this.#observed = observed;
    if (!observed) return this.#detachAll();
    for (const page of this.#pages.values()) void this.#attach(page, false);
  }

  #heard({ method, params, sessionId }: CdpEvent): void {
    const info = Told.safeParse(params).data?.targetInfo;
    const targetId = Gone.safeParse(params).data?.targetId;
    if (info && method === 'Target.targetCreated') return this.#opened(info);
    if (info && method === 'Target.targetInfoChanged') return this.#changed(info);
    if (targetId && method === 'Target.targetDestroyed') return this.#closed(targetId);
    if (targetId && method === 'Target.targetCrashed') return this.#crashed(targetId);
    const page = sessionId && this.#ofSession(sessionId);
    const happened = page && toPageEvent(method, params, page.info.targetId);
    if (happened) this.#tell(page.info, happened.type, happened.data);
  }

  #opened(info: TargetInfo): void {
    if (info.type !== 'page') return;
    const page = { info, sessionId: undefined };
    this.#pages.set(info.targetId, page);
    if (this.#defaultPageId === undefined) this.#electDefault();
    if (!this.#observed) return;
    this.#tell(info, 'page.opened', { url: cut(info.url) });
    void this.#attach(page, true);
  }

  #changed(info: TargetInfo): void {
    const page = this.#pages.get(info.targetId);
    if (!page) return;
    const moved = page.info.url !== info.url;
    page.info = info;
    if (moved && this.#observed) this.#tell(info, 'page.navigated', { url: cut(info.url) });
  }

  #closed(targetId: string): void {
    const page = this.#pages.get(targetId);
    if (!page) return;
    this.#pages.delete(targetId);
    if (this.#observed) this.#tell(page.info, 'page.closed', { url: cut(page.info.url) });
    if (targetId === this.#defaultPageId) this.#electDefault();
  }

  #crashed(targetId: string): void {
    const page = this.#pages.get(targetId);
    this.#hasCrashed = true;
    if (page) this.#tell(page.info, 'page.crashed', { url: cut(page.info.url) });
  }

  /** The page of the default context that is open for the longest. */
  #electDefault(): void {
    const pages = [...this.#pages.values()];
    const first = pages.find(({ info }) => info.browserContextId === this.contextId);
    this.#defaultPageId = first?.info.targetId;
    this.#listeners?.defaultPage(this.#defaultPageId);
  }

  /** What a page that is not new said before is told again by Chromium, and passed over. */
  async #attach(page: OpenPage, isNew: boolean): Promise<void> {
    const signal = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    try {
      const { sessionId } = await this.#pipe.send(
        'Target.attachToTarget',
        { targetId: page.info.targetId, flatten: true },
        Attached,
        signal,
      );
      const send = (method: string, params: Record<string, unknown> = {}) =>
        this.#pipe.send(method, params, Nothing, signal, sessionId);
      if (isNew) page.sessionId = sessionId;
      await Promise.all([
        send('Page.enable'),
        send('Page.setLifecycleEventsEnabled', { enabled: true }),
        send('Runtime.enable'),
      ]);
      page.sessionId = sessionId;
      if (!this.#observed) this.#detachAll();
    } catch {
      // It was closed meanwhile.
    }
  }

  #detachAll(): void {
    const signal = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    for (const page of this.#pages.values()) {
      const { sessionId } = page;
      page.sessionId = undefined;
      if (sessionId === undefined) continue;
      this.#pipe
        .send('Target.detachFromTarget', { sessionId }, Nothing, signal)
        .catch(() => undefined);
    }
  }

  #ofSession(sessionId: string): OpenPage | undefined {
    return [...this.#pages.values()].find((page) => page.sessionId === sessionId);
  }

  #tell(info: TargetInfo, type: PageEventType, data: Record<string, unknown>): void {
    const { browserContextId: contextId, targetId: pageId } = info;
    this.#listeners?.event({ type, contextId, pageId, data });
  }
}
