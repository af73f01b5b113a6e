import type { ManifestMark, ManifestPart, ManifestTab } from './contract.ts';
import { Steps } from './steps.ts';

/** Parts so near each other have nothing between them that anybody would miss. */
const SEAM_MS = 500;
/** The first picture of a tab comes a moment after it opened. */
const FIRST_PICTURE_MS = 2000;

/** The part whose picture is shown at a time, and whether it was recorded for that time. */
export interface Found {
  part: ManifestPart;
  isRecorded: boolean;
}

/** What became of one tab. */
export class TabHistory {
  readonly id: string;
  readonly #parts = new Steps<ManifestPart>();
  readonly #urls = new Steps<string>();
  readonly #titles = new Steps<string>();
  #openedMs = 0;
  #closedMs = Infinity;
  readonly #tab: ManifestTab;

  /** `parts` and `marks` are those of the tab, by time. */
  constructor(tab: ManifestTab, parts: ManifestPart[], marks: ManifestMark[]) {
    this.id = tab.id;
    this.#tab = tab;
    for (const part of parts) this.#parts.add(part.startMs, part);
    for (const { type, atMs, data } of marks) {
      const { url, title } = data;
      if (type === 'tab.opened') this.#openedMs = atMs;
      if (type === 'tab.closed') this.#closedMs = atMs;
      if (typeof url === 'string' && (type === 'tab.opened' || type === 'tab.navigated')) {
        this.#urls.add(atMs, url);
      }
      if (typeof title === 'string' && type === 'tab.titled') this.#titles.add(atMs, title);
    }
  }

  urlAt(ms: number): string {
    return this.#urls.at(ms) ?? this.#urls.first ?? this.#tab.url;
  }

  titleAt(ms: number): string {
    const title = this.#titles.at(ms) ?? this.#titles.first ?? this.#tab.title;
    return title || this.urlAt(ms) || 'New tab';
  }

  stateAt(ms: number): 'unopened' | 'open' | 'closed' {
    if (ms < this.#openedMs) return 'unopened';
    return ms < this.#closedMs ? 'open' : 'closed';
  }

  /** Undefined: nothing was recorded until then. */
  pictureAt(ms: number): Found | undefined {
    const part = this.#parts.at(ms);
    const next = this.#parts.after(ms);
    if (!part) {
      const isSoon = next && next.startMs - ms <= FIRST_PICTURE_MS && ms >= this.#openedMs;
      return isSoon ? { part: next, isRecorded: true } : undefined;
    }
    const isSeam = next !== undefined && next.startMs - part.endMs <= SEAM_MS;
    return { part, isRecorded: ms <= part.endMs || isSeam };
  }

  /** When the part begins that is the next one after a time. */
  nextPartMs(ms: number): number | undefined {
    return this.#parts.nextMs(ms);
  }

  /** What can be saved when the recording is whole. */
  get video(): ManifestPart | undefined {
    return this.#parts.first;
  }
}
