import { useSignal } from '@preact/signals';
import { ConnectionState } from '../connection-state.tsx';
import { written } from '../times.ts';
import { EventDetail, textOf } from './event-detail.tsx';
import type { RuntimeView } from './runtime-view.ts';
import { Section } from '../section.tsx';

const SHOWN_MAX = 200;

const GROUPS = [
  ['', 'All'],
  ['runtime.', 'Runtime'],
  ['page.', 'Pages'],
  ['console.', 'Console'],
  ['egress.', 'Network'],
  ['download.', 'Downloads'],
  ['captcha.', 'Captchas'],
  ['operation.', 'Operations'],
] as const;

/** What happens in the runtime, newest first. */
export function EventsSection({ view }: { view: RuntimeView }) {
  const group = useSignal('');
  const text = useSignal('');
  const wanted = text.value.toLowerCase();
  const fitting = view.events.value.filter(
    (event) =>
      event.type.startsWith(group.value) && (wanted === '' || textOf(event).includes(wanted)),
  );
  const shown = fitting.slice(-SHOWN_MAX).toReversed();
  const stream = view.stream.value;
  return (
    <Section title="Events" aside={stream && <ConnectionState stream={stream} />}>
      <div class="filters">
        <input
          type="search"
          placeholder="Filter…"
          aria-label="Filter events by text"
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
        <select
          aria-label="Kind of events"
          onChange={({ currentTarget }) => (group.value = currentTarget.value)}
        >
          {GROUPS.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <ol class="events" tabIndex={0} aria-label="Events, newest first">
        {shown.map((event) => (
          <li key={event.id}>
            <time class="dim" dateTime={event.createdAt} title={written(event.createdAt)}>
              {timeOf(event.createdAt)}
            </time>
            <span class="type">{event.type}</span>
            <EventDetail event={event} />
          </li>
        ))}
      </ol>
      {shown.length === 0 && <p class="dim">No such event yet.</p>}
    </Section>
  );
}

function timeOf(iso: string): string {
  return new Date(iso).toLocaleTimeString(undefined, { timeStyle: 'medium' });
}
