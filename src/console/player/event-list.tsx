import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { KIND_ICONS } from './icons.tsx';
import type { Player } from './player.ts';
import { clockTime } from './times.ts';

/** How long after an address the page is to be seen. */
const SEEN_MS = 400;

/** What happened, beside the picture; the latest at this time is marked, and kept in sight. */
export function EventList({ player }: { player: Player }) {
  const list = useRef<HTMLOListElement>(null);
  const events = player.events.value;
  const mark = () => markCurrent(list.current, player.currentEvent.peek());
  useEffect(mark, [events]);
  useSignalEffect(() => {
    void player.currentEvent.value;
    mark();
  });
  return (
    <section class="events" aria-labelledby="events-title">
      <h2 id="events-title">
        Events <span class="dim">{events.length}</span>
      </h2>
      {events.length === 0 && <p class="dim none">Nothing happened yet.</p>}
      <ol ref={list}>
        {events.map(({ id, atMs, kind, label, detail }) => {
          const Icon = KIND_ICONS[kind];
          return (
            <li key={id}>
              <button
                class="event"
                type="button"
                data-kind={kind}
                onClick={() => player.seek(kind === 'navigation' ? atMs + SEEN_MS : atMs)}
              >
                <Icon />
                <span class="what">
                  <span class="label">{label}</span>
                  {detail !== '' && (
                    <span class="detail" title={detail}>
                      {detail}
                    </span>
                  )}
                </span>
                <span class="at">{clockTime(atMs)}</span>
              </button>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** Not by rendering: there may be thousands of events, and many in a second. */
function markCurrent(list: HTMLElement | null, place: number): void {
  list?.querySelector('[aria-current]')?.removeAttribute('aria-current');
  const item = list?.children[place];
  if (!list || !(item instanceof HTMLElement)) return;
  item.querySelector('button')?.setAttribute('aria-current', 'time');
  // Whoever points at the list reads it. Not with scrollIntoView, which scrolls the embedding page, too.
  if (list.matches(':hover')) return;
  list.scrollTop = item.offsetTop - list.offsetTop - (list.clientHeight - item.offsetHeight) / 2;
}
