import type { Run } from '../companion.ts';
import type { Tab } from '../browser/pages/pages.ts';
import type { ControlChange } from '../control/control.ts';
import { every } from '../timing/every.ts';
import { TabView } from './tab-view.ts';
import { UploadRoom, type IncomingLimits } from './incoming-files.ts';

/** How late viewers may see a new title of a tab. */
const TITLES_MS = 1000;
/** A page may change its address all the time. */
const TELL_MS = 30;
/** Programs that work in two tabs at once would else turn viewers round and round. */
const FOLLOW_MS = 500;

export interface RunViewOptions {
  /** How many may view one runtime at once. */
  viewersMax: number;
  uploads: IncomingLimits;
}

/** A viewer of a run. */
export interface RunViewer {
  /** The tabs, or what is told of one, have changed. */
  tabsChanged(): void;
  /** A tab was opened, by a page or otherwise. */
  tabOpened(tab: TabView): void;
  /** Somebody else may drive now, or a program asks for a person. */
  controlChanged(change: ControlChange): void;
  /** Tells who drives, and how many watch. */
  tellControl(): void;
  /** The browser has downloaded a file. */
  offer(download: OfferedFile & { file: string }): void;
}

/** A file that the browser has downloaded. */
interface OfferedFile {
  name: string;
  sizeBytes: number;
}

/** One run as people see it: its tabs, and who sees which. */
export class RunView implements Disposable {
  readonly #run: Run;
  readonly #options: RunViewOptions;
  /** What all viewers together may send. */
  readonly room: UploadRoom;
  readonly #tabs = new Map<string, TabView>();
  readonly #sessions = new Set<RunViewer>();
  readonly #following = new DisposableStack();
  readonly #offered = new Map<string, OfferedFile>();
  /** The tab that anybody used last. */
  #lastUsed: string | undefined;
  #isTelling = false;
  #turning: NodeJS.Timeout | undefined;
  #titles: ReturnType<typeof every> | undefined;

  constructor(run: Run, options: RunViewOptions) {
    this.#run = run;
    this.#options = options;
    this.room = new UploadRoom(options.uploads);
    const { pages, endpoints } = run.browser;
    const following = this.#following;
    following.use(pages.onTabs(() => this.#tabsChanged()));
    following.use(endpoints.clientTabs.onUse((pageId) => this.used(pageId)));
    following.use(endpoints.control.follow((change) => this.#controlChanged(change)));
    following.use(run.onNote(({ type, data }) => this.#noted(type, data)));
    this.#tabsChanged();
  }

  get run(): Run {
    return this.#run;
  }

  get options(): RunViewOptions {
    return this.#options;
  }

  get isFull(): boolean {
    return this.#sessions.size >= this.#options.viewersMax;
  }

  get viewers(): number {
    return this.#sessions.size;
  }

  /** In the order in which they were opened. */
  get tabs(): TabView[] {
    return [...this.#tabs.values()];
  }

  tab(pageId: string | undefined): TabView | undefined {
    return pageId === undefined ? undefined : this.#tabs.get(pageId);
  }

  /** What viewers may load of what the browser has downloaded. */
  get offered(): ReadonlyMap<string, OfferedFile> {
    return this.#offered;
  }

  /** The tab that viewers see who have chosen none. */
  chosen(mode: 'last_used' | 'automation'): TabView | undefined {
    const { clientTabs } = this.#run.browser.endpoints;
    const wanted = mode === 'automation' ? clientTabs.lastUsed : this.#lastUsed;
    const { defaultPageId } = this.#run.browser.pages;
    return this.tab(wanted) ?? this.tab(defaultPageId) ?? this.tabs.at(-1);
  }

  add(session: RunViewer): void {
    this.#sessions.add(session);
    const { pages } = this.#run.browser;
    // A failure means that the browser goes, or is busy.
    this.#titles ??= every(
      TITLES_MS,
      () => pages.refresh(),
      () => undefined,
    );
    this.#titles.soon();
    this.#tellControl();
  }

  remove(session: RunViewer): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#leaveTitles();
    this.#tellControl();
  }

  /** Somebody did something in a tab. */
  used(pageId: string): void {
    if (this.#lastUsed === pageId) return;
    this.#lastUsed = pageId;
    this.#turning ??= setTimeout(() => {
      this.#turning = undefined;
      this.changed();
    }, FOLLOW_MS).unref();
  }

  /** Tells viewers what has changed, once for all that changes at the same time. */
  changed(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setTimeout(() => {
      this.#isTelling = false;
      for (const session of this.#sessions) session.tabsChanged();
    }, TELL_MS).unref();
  }

  [Symbol.dispose](): void {
    this.#following.dispose();
    this.#leaveTitles();
    clearTimeout(this.#turning);
    for (const tab of this.#tabs.values()) tab[Symbol.dispose]();
  }

  #leaveTitles(): void {
    this.#titles?.[Symbol.dispose]();
    this.#titles = undefined;
  }

  #tabsChanged(): void {
    const { tabs } = this.#run.browser.pages;
    const open = new Set(tabs.map(({ pageId }) => pageId));
    for (const [pageId, tab] of this.#tabs) {
      if (open.has(pageId)) continue;
      this.#tabs.delete(pageId);
      tab[Symbol.dispose]();
    }
    for (const tab of tabs) this.#open(tab);
    this.changed();
  }

  #open(tab: Tab): void {
    const known = this.#tabs.get(tab.pageId);
    if (known) return known.update(tab);
    const { browser, log } = this.#run;
    const opened = new TabView(tab, { browser, log, changed: () => this.changed() });
    this.#tabs.set(tab.pageId, opened);
    // Whoever opened it goes on there.
    if (this.#sessions.size > 0) this.used(tab.pageId);
    for (const session of this.#sessions) session.tabOpened(opened);
  }

  #controlChanged(change: ControlChange): void {
    for (const session of this.#sessions) session.controlChanged(change);
    this.#tellControl();
    if (change.type === 'requested') return;
    // Whoever drives no more follows again, and sees where programs go on.
    if (change.type === 'returned') this.#run.browser.endpoints.clientTabs.tellNext();
    this.changed();
  }

  #tellControl(): void {
    for (const session of this.#sessions) session.tellControl();
  }

  #noted(type: string, data: Record<string, unknown>): void {
    if (type !== 'download.finished') return;
    const { fileId, name, sizeBytes } = data;
    if (typeof fileId !== 'string' || typeof name !== 'string' || typeof sizeBytes !== 'number')
      return;
    this.#offered.set(fileId, { name, sizeBytes });
    for (const session of this.#sessions) session.offer({ file: fileId, name, sizeBytes });
  }
}
