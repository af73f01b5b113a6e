import type { Tab } from '../browser/pages/pages.ts';
import type { Run } from '../companion.ts';
import { every } from '../timing/every.ts';
import type { NewEvent } from '../runtime/events.ts';
import { cut, withoutQuery, type MarkWriter } from './mark-writer.ts';
import { RecordedTab, type EndedSegment } from './recorded-tab.ts';
import type { RecordingOptions } from './recording.ts';

/** How late the index may have a new title, which Chromium does not tell; after a navigation it is there soon. */
const TITLES_MS = 5000;
const TITLE_AFTER_MS = 500;
/** Programs that work in two tabs at once would else fill the index. */
const SHOWN_MS = 500;
/** Those of tabs are the recorder's own to tell. */
const OWN_EVENTS: ReadonlySet<string> = new Set(['page.opened', 'page.navigated', 'page.closed']);

/** Who paused a recording. */
export type PausedBy = 'api' | 'human';

export interface RunRecorderParts {
  run: Run;
  options: RecordingOptions;
  /** ms since the recording began. */
  now: () => number;
  marks: Pick<MarkWriter, 'add'>;
  pathOf: (tabId: string, startMs: number) => string;
  /** Stores a segment. */
  keep: (segment: EndedSegment) => void;
  /** How large the recording may become. */
  mostBytes: number;
}

interface KnownTab {
  tab: Tab;
  recorded: RecordedTab;
}

/** Records the tabs of one run, and what happens to them. */
export class RunRecorder {
  readonly #parts: RunRecorderParts;
  readonly #tabs = new Map<string, KnownTab>();
  readonly #following = new DisposableStack();
  readonly #pausedBy = new Set<PausedBy>();
  #bytes = 0;
  #isFull = false;
  #isOver = false;
  #hasBegun = false;
  #shownTab: string | undefined;
  #shownAtMs = -Infinity;
  #titles: { soon: () => void } | undefined;
  #titling: NodeJS.Timeout | undefined;

  constructor(parts: RunRecorderParts) {
    this.#parts = parts;
  }

  get isPaused(): boolean {
    return this.#pausedBy.size > 0;
  }

  /** Throws as `CdpSession.send` when the first tab cannot be recorded. */
  async begin(): Promise<void> {
    const { browser, log, onNote } = this.#parts.run;
    const { pages, endpoints } = browser;
    const following = this.#following;
    following.use(onNote((event) => this.#noted(event)));
    following.use(endpoints.clientTabs.onUse((tabId) => this.#used(tabId)));
    const opened = this.#look();
    this.#hasBegun = true;
    following.use(pages.onTabs(() => this.#tabsChanged()));
    this.#titles = following.use(
      every(
        TITLES_MS,
        () => pages.refresh(),
        (err) => log.debug({ err }, 'titles are late'),
      ),
    );
    await Promise.all(opened);
  }

  async pause(by: PausedBy): Promise<void> {
    const wasPaused = this.isPaused;
    this.#pausedBy.add(by);
    if (wasPaused) return;
    this.#mark('recording.paused', undefined, { by });
    await this.#each((tab) => tab.pause());
  }

  async resume(by: PausedBy): Promise<void> {
    if (!this.#pausedBy.delete(by) || this.isPaused) return;
    this.#mark('recording.resumed', undefined, { by });
    if (!this.#isFull) await this.#each((tab) => tab.begin());
  }

  /** A tab is about to be closed, or all tabs: what is recorded of it is read first. */
  async closing(tabId: string | undefined): Promise<void> {
    const flushed =
      tabId === undefined
        ? this.#each((tab) => tab.flush())
        : this.#tabs.get(tabId)?.recorded.flush();
    await Promise.all([flushed, this.#refresh()]);
  }

  /** Ends all segments, while the browser is still there. */
  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all([this.#each((tab) => tab.finish()), this.#refresh()]);
    clearTimeout(this.#titling);
    this.#following.dispose();
  }

  /** Looks at titles for the last time. */
  async #refresh(): Promise<void> {
    await this.#parts.run.browser.pages.refresh().catch(() => undefined);
  }

  async #each(work: (tab: RecordedTab) => Promise<void>): Promise<void> {
    await Promise.allSettled([...this.#tabs.values()].map(({ recorded }) => work(recorded)));
  }

  #tabsChanged(): void {
    for (const begun of this.#look()) {
      begun.catch((err: unknown) => this.#parts.run.log.debug({ err }, 'a tab is not recorded'));
    }
  }

  /** Follows the tabs as they are now; resolves for each new one when it is being recorded. */
  #look(): Promise<void>[] {
    const { tabs } = this.#parts.run.browser.pages;
    const begun = tabs.flatMap((tab) => this.#see(tab) ?? []);
    const open = new Set(tabs.map(({ pageId }) => pageId));
    for (const [tabId, { recorded }] of this.#tabs) {
      if (open.has(tabId)) continue;
      this.#tabs.delete(tabId);
      this.#mark('tab.closed', tabId);
      void recorded.finish().catch(() => undefined);
    }
    return begun;
  }

  #see(tab: Tab): Promise<void> | undefined {
    const { pageId: tabId, url, title } = tab;
    const known = this.#tabs.get(tabId);
    if (!known) return this.#add({ ...tab });
    const before = known.tab;
    known.tab = { ...tab };
    if (before.url !== url && url !== '') this.#navigated(tabId, url);
    const isTitled = before.title !== title && !isAddress(title, url);
    if (isTitled) this.#mark('tab.titled', tabId, { title: cut(title) });
    return undefined;
  }

  #navigated(tabId: string, url: string): void {
    this.#mark('tab.navigated', tabId, { url: this.#shown(url) });
    clearTimeout(this.#titling);
    this.#titling = setTimeout(() => this.#titles?.soon(), TITLE_AFTER_MS).unref();
  }

  #add(tab: Tab): Promise<void> | undefined {
    const { run, now, pathOf } = this.#parts;
    const { pageId: tabId, url } = tab;
    const recorded = new RecordedTab({
      pageId: tabId,
      pages: run.browser.pages,
      now,
      pathOf: (startMs) => pathOf(tabId, startMs),
      ended: (segment) => this.#keep(segment),
      encoding: () => void run.browser.yieldEncoders(),
      shown: () => this.#cameToFront(tabId),
      count: () => [...this.#tabs.values()].filter((one) => one.recorded.isRecording).length,
      hasNeighbour: async () => (await this.#neighbours(tabId)).length > 0,
      log: run.log,
    });
    this.#tabs.set(tabId, { tab, recorded });
    this.#mark('tab.opened', tabId, { url: this.#shown(url) });
    return this.isPaused || this.#isFull || this.#isOver ? undefined : recorded.begin();
  }

  #keep(segment: EndedSegment): void {
    this.#parts.keep(segment);
    this.#bytes += segment.sizeBytes;
    if (this.#isFull || this.#bytes < this.#parts.mostBytes) return;
    this.#isFull = true;
    this.#mark('recording.limited');
    void this.#each((tab) => tab.pause());
  }

  /** Other tabs of its window that are recorded are behind it, unless something else shows them. */
  #cameToFront(tabId: string): void {
    this.#used(tabId);
    const recheck = async () => {
      const neighbours = await this.#neighbours(tabId);
      await Promise.all(neighbours.map((one) => one.recheck()));
    };
    recheck().catch((err: unknown) => this.#parts.run.log.debug({ err }, 'a tab went meanwhile'));
  }

  async #neighbours(tabId: string): Promise<RecordedTab[]> {
    const { pages } = this.#parts.run.browser;
    const others = [...this.#tabs].filter(
      ([id, { recorded }]) => id !== tabId && recorded.isRecording,
    );
    if (others.length === 0) return [];
    const own = await pages.windowOf(tabId);
    const found = await Promise.all(
      others.map(async ([id, { recorded }]) =>
        (await pages.windowOf(id).catch(() => undefined)) === own ? [recorded] : [],
      ),
    );
    return found.flat();
  }

  #used(tabId: string): void {
    const { now } = this.#parts;
    const isSoon = now() - this.#shownAtMs < SHOWN_MS;
    if (tabId === this.#shownTab || isSoon || !this.#tabs.has(tabId)) return;
    this.#shownTab = tabId;
    this.#shownAtMs = now();
    this.#mark('tab.shown', tabId);
  }

  #noted({ type, pageId, data }: NewEvent): void {
    const { options } = this.#parts;
    if (options.pauseWhileHumanDrives) {
      if (type === 'runtime.control_taken') void this.pause('human');
      if (type === 'runtime.control_returned') void this.resume('human');
    }
    if (OWN_EVENTS.has(type)) return;
    const shown = Object.entries(data).map(([key, value]) =>
      key === 'url' && typeof value === 'string' ? [key, this.#shown(value)] : [key, value],
    );
    this.#mark(type, pageId, Object.fromEntries(shown));
  }

  #shown(url: string): string {
    return cut(this.#parts.options.keepQueries ? url : withoutQuery(url));
  }

  #mark(type: string, tabId?: string, data: Record<string, unknown> = {}): void {
    const { marks, now } = this.#parts;
    // What is there at first is there from the beginning.
    marks.add({ atMs: this.#hasBegun ? now() : 0, type, tabId, data });
  }
}

/** Chromium's title of a page without one, which may have a query in it. */
function isAddress(title: string, url: string): boolean {
  return url.startsWith(title) || url.replace(/^https?:\/\//, '').startsWith(title);
}
