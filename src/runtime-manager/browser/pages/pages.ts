import type { NewEvent } from '../../runtime/events.ts';
import type { SendOptions } from '../cdp/cdp-pipe.ts';
import type { CdpSession } from '../cdp/cdp-session.ts';
import type { CdpEvent } from '../cdp/protocol.ts';
import { PageDocuments, type PageDocument } from './page-documents.ts';
import { cut, type PageEvent } from './page-events.ts';
import { observePage } from './page-observer.ts';

type TargetInfo = CdpEvent<'Target.targetCreated'>['targetInfo'];

/** The default context and its first page, by their CDP ids. */
export interface DefaultPage {
  contextId: string;
  pageId: string;
}

export interface PageListeners {
  /** Called when the default page changes; undefined: the default context has no page. */
  defaultPage: (pageId: string | undefined) => void;
  event: (event: NewEvent) => void;
}

/** A page that is open, as Chromium tells of it. */
export interface Tab {
  readonly contextId: string;
  readonly pageId: string;
  /** The page that opened it, if one did. */
  readonly openerId: string | undefined;
  readonly title: string;
  readonly url: string;
  readonly hasCrashed: boolean;
}

interface OpenPage extends Tab {
  title: string;
  url: string;
  hasCrashed: boolean;
  /** Only while pages are observed. */
  observer: Disposable | undefined;
}

/**
 * The pages of a browser as they come and go. That one crashed is always told; everything else only
 * while somebody observes, since it takes a debugging session with each page.
 */
export class Pages {
  readonly contextId: string;
  readonly #browser: CdpSession;
  readonly #pages = new Map<string, OpenPage>();
  #defaultPageId: string | undefined;
  #listeners: PageListeners | undefined;
  readonly #tabListeners = new Set<() => void>();
  #observed = false;
  #hasCrashed = false;

  constructor(browser: CdpSession, { contextId, pageId }: DefaultPage) {
    this.#browser = browser;
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
    const browser = this.#browser;
    browser.on('Target.targetCreated', ({ targetInfo }) => this.#opened(targetInfo));
    browser.on('Target.targetInfoChanged', ({ targetInfo }) => this.#changed(targetInfo));
    browser.on('Target.targetDestroyed', ({ targetId }) => this.#closed(targetId));
    browser.on('Target.targetCrashed', ({ targetId }) => this.#crashed(targetId));
    await browser.send('Target.setDiscoverTargets', { discover: true }, { signal });
  }

  /** In the order in which they were opened. */
  get tabs(): readonly Tab[] {
    return [...this.#pages.values()];
  }

  /** Calls `changed` whenever the tabs, or what is told of one, have changed, until the result is disposed. */
  onTabs(changed: () => void): Disposable {
    this.#tabListeners.add(changed);
    return { [Symbol.dispose]: () => this.#tabListeners.delete(changed) };
  }

  /** Begins a session with a page. Throws as `CdpSession.attach`. */
  attach(pageId: string, options?: SendOptions): Promise<CdpSession> {
    return this.#browser.attach(pageId, options);
  }

  /** Looks at the titles of pages, whose changes Chromium does not tell. */
  async refresh(): Promise<void> {
    const { targetInfos } = await this.#browser.send('Target.getTargets', {});
    for (const info of targetInfos) this.#changed(info);
  }

  /** Opens a tab beside another, in its context, and resolves with its id. Throws when Chromium refuses. */
  async open(beside: string | undefined): Promise<string> {
    const contextId = beside === undefined ? undefined : this.#pages.get(beside)?.contextId;
    const isDefault = contextId === undefined || contextId === this.contextId;
    const where = isDefault ? {} : { browserContextId: contextId };
    const opened = await this.#browser.send('Target.createTarget', {
      url: 'about:blank',
      ...where,
    });
    return opened.targetId;
  }

  /** The window that a tab is in. Throws when it has gone. */
  async windowOf(pageId: string): Promise<number> {
    const found = await this.#browser.send('Browser.getWindowForTarget', { targetId: pageId });
    return found.windowId;
  }

  async close(pageId: string): Promise<void> {
    await this.#browser.send('Target.closeTarget', { targetId: pageId });
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
    return PageDocuments.open(this.#browser, opened, signal);
  }

  /** Whether what happens in pages is told too. */
  setObserved(observed: boolean): void {
    if (observed === this.#observed) return;
    this.#observed = observed;
    for (const page of this.#pages.values()) {
      if (observed) this.#observe(page, false);
      else page.observer?.[Symbol.dispose]();
    }
  }

  #opened({ type, targetId: pageId, browserContextId: contextId, ...info }: TargetInfo): void {
    if (type !== 'page' || contextId === undefined) return;
    const { openerId, url, title } = info;
    const page = {
      contextId,
      pageId,
      openerId,
      url,
      title,
      hasCrashed: false,
      observer: undefined,
    };
    this.#pages.set(pageId, page);
    this.#tabsChanged();
    if (this.#defaultPageId === undefined) this.#electDefault();
    if (!this.#observed) return;
    this.#tell(page, { type: 'page.opened', data: { url: cut(url) } });
    this.#observe(page, true);
  }

  #changed({ targetId, url, title }: TargetInfo): void {
    const page = this.#pages.get(targetId);
    if (!page || (page.url === url && page.title === title)) return;
    const hasNavigated = page.url !== url;
    // A page that crashed is well again where it goes next.
    if (hasNavigated) page.hasCrashed = false;
    page.url = url;
    page.title = title;
    this.#tabsChanged();
    if (!hasNavigated) return;
    if (this.#observed) this.#tell(page, { type: 'page.navigated', data: { url: cut(url) } });
  }

  #closed(targetId: string): void {
    const page = this.#pages.get(targetId);
    if (!page) return;
    this.#pages.delete(targetId);
    this.#tabsChanged();
    if (this.#observed) this.#tell(page, { type: 'page.closed', data: { url: cut(page.url) } });
    if (targetId === this.#defaultPageId) this.#electDefault();
  }

  #crashed(targetId: string): void {
    const page = this.#pages.get(targetId);
    this.#hasCrashed = true;
    if (!page) return;
    page.hasCrashed = true;
    this.#tabsChanged();
    this.#tell(page, { type: 'page.crashed', data: { url: cut(page.url) } });
  }

  /** The page of the default context that is open for the longest. */
  #electDefault(): void {
    const pages = [...this.#pages.values()];
    this.#defaultPageId = pages.find(({ contextId }) => contextId === this.contextId)?.pageId;
    this.#listeners?.defaultPage(this.#defaultPageId);
  }

  #observe(page: OpenPage, isNew: boolean): void {
    const { pageId } = page;
    page.observer = observePage(this.#browser, { pageId, isNew }, (event) =>
      this.#tell(page, event),
    );
  }

  #tabsChanged(): void {
    for (const changed of this.#tabListeners) changed();
  }

  #tell({ contextId, pageId }: OpenPage, event: PageEvent): void {
    this.#listeners?.event({ ...event, contextId, pageId });
  }
}
