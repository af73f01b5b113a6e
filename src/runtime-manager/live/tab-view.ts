import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import type { Tab } from '../browser/pages/pages.ts';
import type { MachineBrowser } from '../machine/browser-machine.ts';
import type { ServiceMessage, ShownTab } from './messages.ts';
import { TabDialog } from './tab-dialog.ts';
import { TabWatch, type FoundChooser } from './tab-watch.ts';
import type { Tier, Viewer } from './viewer.ts';

/** Of a title, or an address: viewers are told those of all tabs, again and again. */
const NAME_MAX = 2000;

const FrameOf = z.object({ frameId: z.string() });
const Entry = z.object({ id: z.int() });
const History = z.object({ currentIndex: z.int(), entries: z.array(Entry) });

type ChooserMessage = Extract<ServiceMessage, { t: 'chooser' }>;

const TURN_MAX = 2 ** 16;
let lastTurn = 0;

export interface TabViewParts {
  browser: Pick<MachineBrowser, 'pages' | 'endpoints'>;
  /** What is told of the tab has changed. */
  changed: () => void;
  log: Logger;
}

/**
 * One tab as viewers see it. A quiet session stays with it, since a dialog can only be answered by a
 * session that was there when the dialog opened. Everything else exists while somebody watches.
 */
export class TabView implements Disposable {
  readonly pageId: string;
  /** The tab that opened it, if one did. */
  readonly openerId: string | undefined;
  /** Tells its pictures from those of other tabs. */
  readonly turn = nextTurn();
  readonly #contextId: string;
  readonly #parts: TabViewParts;
  readonly #quiet: Promise<CdpSession | undefined>;
  readonly #watchers = new Set<Viewer>();
  readonly #dialog: TabDialog;
  #watch: Promise<TabWatch | undefined> | undefined;
  #tab: Tab;
  #hasCrashed = false;
  #isLoading = false;
  #chooser: { message: ChooserMessage; found: FoundChooser } | undefined;
  #history = { canGoBack: false, canGoForward: false };
  #isOver = false;

  constructor(tab: Tab, parts: TabViewParts) {
    this.#tab = tab;
    this.pageId = tab.pageId;
    this.openerId = tab.openerId;
    this.#contextId = tab.contextId;
    this.#parts = parts;
    this.#dialog = new TabDialog((message) => {
      this.#tell(message);
      parts.changed();
    });
    // A failure means that the page was closed at once.
    this.#quiet = this.#begin().catch(() => undefined);
  }

  get shown(): ShownTab {
    return {
      id: this.pageId,
      title: this.#tab.title.slice(0, NAME_MAX),
      url: this.#tab.url.slice(0, NAME_MAX),
      hasCrashed: this.#hasCrashed,
      hasDialog: this.#dialog.shown !== undefined,
    };
  }

  get navigation() {
    return { ...this.#history, isLoading: this.#isLoading };
  }

  get chooser(): FoundChooser | undefined {
    return this.#chooser?.found;
  }

  /** The sessions of those who watch; undefined when nobody does, or the page is gone. */
  get watch(): Promise<TabWatch | undefined> {
    return this.#watch ?? Promise.resolve(undefined);
  }

  update(tab: Tab): void {
    const hasNavigated = tab.url !== this.#tab.url;
    this.#tab = tab;
    if (hasNavigated && this.#watchers.size > 0) void this.#lookAtHistory();
  }

  /** Shows the tab to a viewer. */
  add(viewer: Viewer): void {
    this.#watchers.add(viewer);
    this.#watch ??= this.#open();
    this.retier();
    void this.#lookAtHistory();
    if (this.#dialog.shown) viewer.say(this.#dialog.shown);
    if (this.#chooser && viewer.isInteractive) viewer.say(this.#chooser.message);
    void this.showNext(viewer);
  }

  remove(viewer: Viewer): void {
    if (!this.#watchers.delete(viewer)) return;
    this.#takeBack(viewer);
    if (this.#watchers.size > 0) return this.retier();
    const watch = this.#watch;
    this.#watch = undefined;
    this.#chooser = undefined;
    void watch?.then((open) => open?.[Symbol.dispose]());
  }

  /** What the page asks is nothing to a viewer who sees another tab. */
  #takeBack(viewer: Viewer): void {
    const { shown } = this.#dialog;
    const chooser = this.#chooser?.message.chooser;
    if (shown) viewer.say({ t: 'dialogClosed', dialog: shown.dialog });
    if (chooser !== undefined) viewer.say({ t: 'chooserClosed', chooser });
  }

  /** A viewer gets other pictures than before, or none. */
  retier(): void {
    const wanted = new Set([...this.#watchers].map(({ tier }) => tier));
    void this.#watch?.then((watch) => watch?.show(wanted));
  }

  /** Shows a viewer the newest picture that it has not seen, and has the next one made. */
  async showNext(viewer: Viewer): Promise<void> {
    const cast = await (await this.#watch)?.cast(viewer.tier);
    if (!cast || !this.#watchers.has(viewer)) return;
    if (cast.last) viewer.show(cast.last);
    cast.goOn();
  }

  /** Throws as `CdpSession.send`. */
  async answerDialog(id: string, accept: boolean, text: string | undefined): Promise<void> {
    if (this.#dialog.shown?.dialog !== id) return;
    const params = { accept, ...(text !== undefined && { promptText: text }) };
    await (await this.#quiet)?.send('Page.handleJavaScriptDialog', params);
  }

  /** Gives the page files, or none. */
  async answerChooser(id: string, files: string[]): Promise<void> {
    const { message, found } = this.#chooser ?? {};
    if (!found || message?.chooser !== id) return;
    this.#chooser = undefined;
    this.#tell({ t: 'chooserClosed', chooser: id });
    if (files.length > 0) await (await this.#watch)?.chooseFiles(found, files);
  }

  /** Goes to an address. Throws a sentence for the viewer. */
  async go(url: string): Promise<void> {
    const watch = await this.#watch;
    if (!watch) throw new Error('The tab cannot be used now.');
    watch.assertAllowed('Page.navigate', { url });
    const { errorText } = (await (await this.#quiet)?.send('Page.navigate', { url })) ?? {};
    if (errorText !== undefined && errorText !== 'net::ERR_ABORTED') {
      throw new Error(`The page could not be loaded: ${errorText}.`);
    }
  }

  async goBy(by: -1 | 1): Promise<void> {
    const quiet = await this.#quiet;
    const { currentIndex, entries } = await this.#readHistory(quiet);
    const entry = entries[currentIndex + by];
    if (entry) await quiet?.send('Page.navigateToHistoryEntry', { entryId: entry.id });
  }

  async reload(): Promise<void> {
    await (await this.#quiet)?.send('Page.reload', {});
  }

  async stop(): Promise<void> {
    await (await this.#quiet)?.send('Page.stopLoading', {});
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#dialog[Symbol.dispose]();
    for (const viewer of this.#watchers) this.remove(viewer);
    void this.#quiet.then((session) => session?.[Symbol.dispose]());
  }

  async #begin(): Promise<CdpSession> {
    const session = await this.#parts.browser.pages.attach(this.pageId);
    if (this.#isOver) session[Symbol.dispose]();
    this.#dialog.follow(session);
    session.on('Page.frameStartedLoading', (told) => this.#loading(told, true));
    session.on('Page.frameStoppedLoading', (told) => this.#loading(told, false));
    session.on('Inspector.targetCrashed', () => this.#crashed());
    session.on('Inspector.targetReloadedAfterCrash', () => this.#revived());
    // A page that shows a dialog already answers when that is closed.
    const signal = session.gone;
    session.send('Page.enable', {}, { signal }).catch(() => undefined);
    session.send('Inspector.enable', {}, { signal }).catch(() => undefined);
    return session;
  }

  async #open(): Promise<TabWatch | undefined> {
    const { pageId } = this;
    const { browser, log } = this.#parts;
    const of = (tier: Tier) => [...this.#watchers].filter((viewer) => viewer.tier === tier);
    try {
      return await TabWatch.open({
        pageId,
        contextId: this.#contextId,
        browser,
        log,
        turn: this.turn,
        picture: (tier) => (picture) => {
          for (const viewer of of(tier)) viewer.show(picture);
        },
        isReady: (tier) => () => of(tier).some(({ hasRoom }) => hasRoom),
        chooser: (found) => this.#chooserOpened(found),
      });
    } catch (err) {
      log.debug({ err, pageId }, 'a tab cannot be watched');
      return undefined;
    }
  }

  #chooserOpened(found: FoundChooser): void {
    const { isMultiple } = found;
    const message = { t: 'chooser', chooser: randomUUID(), isMultiple } as const;
    this.#chooser = { message, found };
    for (const viewer of this.#watchers) if (viewer.isInteractive) viewer.say(message);
  }

  #loading(told: unknown, isLoading: boolean): void {
    if (FrameOf.safeParse(told).data?.frameId !== this.pageId) return;
    this.#isLoading = isLoading;
    this.#parts.changed();
    if (!isLoading && this.#watchers.size > 0) void this.#lookAtHistory();
  }

  #crashed(): void {
    this.#hasCrashed = true;
    this.#isLoading = false;
    this.#parts.changed();
  }

  #revived(): void {
    this.#hasCrashed = false;
    this.#parts.changed();
    void this.#watch?.then((watch) => watch?.restart());
  }

  async #lookAtHistory(): Promise<void> {
    try {
      const { currentIndex, entries } = await this.#readHistory(await this.#quiet);
      const canGoForward = currentIndex < entries.length - 1;
      this.#history = { canGoBack: currentIndex > 0, canGoForward };
      this.#parts.changed();
    } catch {
      // The page was closed meanwhile.
    }
  }

  async #readHistory(session: CdpSession | undefined) {
    return History.parse(await session?.send('Page.getNavigationHistory', {}));
  }

  #tell(message: ServiceMessage): void {
    for (const viewer of this.#watchers) viewer.say(message);
  }
}

function nextTurn(): number {
  lastTurn = (lastTurn + 1) % TURN_MAX;
  return lastTurn;
}
