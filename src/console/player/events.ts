import type { ManifestMark, RecordingManifest } from './contract.ts';
import { wordsOf, type EventKind } from './event-words.ts';

/** Something that happened, in words. */
export interface ListedEvent {
  id: string;
  atMs: number;
  kind: EventKind;
  label: string;
  detail: string;
}

/** A tab that was opened is in use then: nobody has to be told twice. */
const SAME_MS = 1000;

/** What happened, by time. */
export function listEvents({ marks, tabs }: RecordingManifest): ListedEvent[] {
  const last = new Map<string | null, string>(tabs.map(({ id, title, url }) => [id, title || url]));
  /** As they were told up to then. */
  const titles = new Map<string | null, string>();
  const opened = new Map<string | null, number>();
  let shown: string | null = null;
  const isListed = ({ type, atMs, tabId }: ManifestMark): boolean => {
    if (type === 'tab.titled') return false;
    if (type === 'tab.opened') opened.set(tabId, atMs);
    if (type !== 'tab.shown') return true;
    const isNews = shown !== tabId && atMs - (opened.get(tabId) ?? -Infinity) > SAME_MS;
    shown = tabId;
    return isNews;
  };
  const listed: ListedEvent[] = [];
  for (const mark of marks.toSorted((a, b) => a.atMs - b.atMs)) {
    const { id, atMs, type, tabId, data } = mark;
    if (type === 'tab.titled' && typeof data['title'] === 'string') {
      titles.set(tabId, data['title']);
    }
    if (!isListed(mark)) continue;
    const title = titles.get(tabId) ?? last.get(tabId) ?? '';
    listed.push({ id, atMs, ...wordsOf(mark, title) });
  }
  return listed;
}
