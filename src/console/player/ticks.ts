import type { EventKind } from './event-words.ts';
import type { ListedEvent } from './events.ts';

/** What is marked, by how much it matters; the rest is in the list. */
const RANKS: Partial<Record<EventKind, number>> = {
  navigation: 1,
  file: 2,
  captcha: 3,
  error: 4,
  control: 5,
};
/** No more of them can be told apart. */
const PLACES = 300;

/** The marks of the time, one for each place: the one that matters most. */
export function ticksOf(events: ListedEvent[], durationMs: number): ListedEvent[] {
  const places = new Map<number, ListedEvent>();
  for (const event of events) {
    const rank = RANKS[event.kind];
    // What happened after the last picture has no place yet.
    if (rank === undefined || event.atMs > durationMs) continue;
    const place = Math.floor((event.atMs / (durationMs || 1)) * PLACES);
    const other = places.get(place);
    if (!other || rank > (RANKS[other.kind] ?? 0)) places.set(place, event);
  }
  return [...places.values()];
}
