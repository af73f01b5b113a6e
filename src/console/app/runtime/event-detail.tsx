import type { RuntimeEvent } from '../contract.ts';
import { bytes } from '../times.ts';

/** What an event says: a sentence where there is one, with the data behind it. */
export function EventDetail({ event }: { event: RuntimeEvent }) {
  const sentence = sentenceOn(event);
  if (sentence === undefined) return <span class="detail">{dataOf(event)}</span>;
  return (
    <details class="detail">
      <summary>{sentence}</summary>
      <span class="dim">{dataOf(event)}</span>
    </details>
  );
}

/** All that can be searched for in an event. */
export function textOf(event: RuntimeEvent): string {
  return `${event.type} ${sentenceOn(event) ?? ''} ${dataOf(event)}`.toLowerCase();
}

/** The data in one line. */
function dataOf({ data }: RuntimeEvent): string {
  return Object.entries(data)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

function sentenceOn({ type, data }: RuntimeEvent): string | undefined {
  return SENTENCES[type]?.(data);
}

/** A client by its library, if that is known. */
function clientOf({ driver, protocol }: RuntimeEvent['data']): string {
  return protocol === 'live' ? 'live view' : String(driver ?? protocol);
}

const SENTENCES: Partial<Record<string, (data: RuntimeEvent['data']) => string>> = {
  'download.finished': ({ name, sizeBytes }) => `${String(name)}, ${bytes(Number(sizeBytes))}`,
  'download.started': ({ name }) => String(name),
  'egress.failed': ({ host, code }) =>
    `${FAILED[String(code)] ?? 'Could not connect to'} ${String(host)}`,
  'runtime.connected': clientOf,
  'runtime.disconnected': clientOf,
  'runtime.failed': ({ message }) => String(message),
};

const FAILED: Partial<Record<string, string>> = {
  connection_refused: 'Connection refused by',
  connection_reset: 'Connection reset by',
  name_not_resolved: 'Could not resolve',
  timed_out: 'No answer in time from',
  unreachable: 'There is no route to',
};
