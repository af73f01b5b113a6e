import type { ManifestMark, RecordingManifest } from './contract.ts';
import { Steps } from './steps.ts';
import { TabHistory, type Found } from './tab-history.ts';

/** A time that something lasted; a pause may lie within the time that a person drove. */
export interface Range {
  kind: 'control' | 'paused';
  startMs: number;
  endMs: number;
  /** Who caused it, as the mark says it. */
  by: unknown;
}

const BOUNDARIES: Record<string, { kind: Range['kind']; isStart: boolean }> = {
  'runtime.control_taken': { kind: 'control', isStart: true },
  'runtime.control_returned': { kind: 'control', isStart: false },
  'recording.paused': { kind: 'paused', isStart: true },
  'recording.resumed': { kind: 'paused', isStart: false },
};
/** How far ahead is looked for what is shown next. */
const LOOKAHEAD = 8;

/** What was where and when. It is made anew when more is known. */
export class Timeline {
  readonly durationMs: number;
  readonly tabs: TabHistory[];
  readonly ranges: Range[];
  readonly #tabs: ReadonlyMap<string, TabHistory>;
  readonly #shown = new Steps<string>();
  readonly #limitedMs: number;

  constructor({ durationMs, tabs, parts, marks }: RecordingManifest) {
    this.durationMs = durationMs;
    const byTime = marks.toSorted((a, b) => a.atMs - b.atMs);
    const partsOf = byTab(parts.toSorted((a, b) => a.startMs - b.startMs));
    const marksOf = byTab(byTime);
    this.tabs = tabs.map(
      (tab) => new TabHistory(tab, partsOf.get(tab.id) ?? [], marksOf.get(tab.id) ?? []),
    );
    this.#tabs = new Map(this.tabs.map((tab) => [tab.id, tab]));
    for (const { type, atMs, tabId } of byTime) {
      if (type === 'tab.shown' && tabId !== null) this.#shown.add(atMs, tabId);
    }
    this.ranges = rangesOf(byTime, durationMs).toSorted((a, b) => a.kind.localeCompare(b.kind));
    this.#limitedMs = byTime.find(({ type }) => type === 'recording.limited')?.atMs ?? Infinity;
  }

  tab(id: string | undefined): TabHistory | undefined {
    return id === undefined ? undefined : this.#tabs.get(id);
  }

  /** The tab that was in use. */
  tabInUse(ms: number): string | undefined {
    return this.#shown.at(ms) ?? this.#shown.first ?? this.tabs[0]?.id;
  }

  /** What is shown after `part`, and from when; `pinned`: the tab that is shown whatever is in use. */
  next(ms: number, pinned: string | undefined, part: Found['part'] | undefined) {
    let at = ms;
    for (let i = 0; i < LOOKAHEAD; i++) {
      const tab = this.tab(pinned ?? this.tabInUse(at));
      const times = [
        tab?.nextPartMs(at),
        pinned === undefined ? this.#shown.nextMs(at) : undefined,
      ];
      at = Math.min(...times.map((time) => time ?? Infinity));
      if (at === Infinity) return undefined;
      const found = this.tab(pinned ?? this.tabInUse(at))?.pictureAt(at);
      if (found && found.part.id !== part?.id) return { part: found.part, atMs: at };
    }
    return undefined;
  }

  pauseAt(ms: number): Range | undefined {
    return this.ranges.find(
      ({ kind, startMs, endMs }) => kind === 'paused' && startMs <= ms && ms < endMs,
    );
  }

  /** Why a tab has no picture of a time, in a sentence. */
  whyMissing(tab: TabHistory | undefined, ms: number): string {
    const state = tab?.stateAt(ms);
    if (state === 'unopened') return 'This tab was not open yet';
    if (state === 'closed') return 'This tab was closed';
    const pause = this.pauseAt(ms);
    if (pause) {
      return pause.by === 'human' ? 'Paused while a person drove' : 'Recording was paused here';
    }
    if (ms >= this.#limitedMs) return 'Not recorded: the recording had reached its limit';
    if (tab && this.tabInUse(ms) !== tab.id) {
      return 'Not recorded here: the tab was in the background';
    }
    return 'Nothing was recorded here';
  }
}

function rangesOf(marks: ManifestMark[], durationMs: number): Range[] {
  const ranges: Range[] = [];
  const open = new Map<Range['kind'], Range>();
  for (const { type, atMs, data } of marks) {
    const boundary = BOUNDARIES[type];
    if (!boundary) continue;
    const { kind, isStart } = boundary;
    const last = open.get(kind);
    if (last) last.endMs = atMs;
    open.delete(kind);
    if (!isStart) continue;
    const range = { kind, startMs: atMs, endMs: Math.max(durationMs, atMs), by: data['by'] };
    ranges.push(range);
    open.set(kind, range);
  }
  return ranges;
}

function byTab<T extends { tabId: string | null }>(all: T[]): Map<string | null, T[]> {
  const groups = new Map<string | null, T[]>();
  for (const one of all) {
    const group = groups.get(one.tabId);
    if (group) group.push(one);
    else groups.set(one.tabId, [one]);
  }
  return groups;
}
