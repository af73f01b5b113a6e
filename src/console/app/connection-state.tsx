import type { EventStream } from './event-stream.ts';

/** Says when what is shown may be out of date. */
export function ConnectionState({ stream }: { stream: EventStream }) {
  const isLost = stream.state.value === 'lost';
  return (
    <span class="connection-state" role="status" data-lost={isLost}>
      {isLost ? 'The service is out of reach: reconnecting…' : ''}
    </span>
  );
}
