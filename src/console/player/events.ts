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
  const titles = new Map(tabs.map(({ id, title, url }) => [id, title || url]));
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
  return marks
    .toSorted((a, b) => a.atMs - b.atMs)
    .filter(isListed)
    .map((mark) => {
      const title = mark.tabId === null ? '' : (titles.get(mark.tabId) ?? '');
      return { id: mark.id, atMs: mark.atMs, ...wordsOf(mark, title) };
    });
}
