import { useComputed } from '@preact/signals';
import type { Player } from './player.ts';

export function Toolbar({ player }: { player: Player }) {
  const url = useComputed(() => player.tab.value?.urlAt(player.clock.timeMs.value) ?? '').value;
  return (
    <div class="bar">
      <input
        class="address"
        aria-label="Address"
        value={url}
        readOnly
        type="text"
        spellcheck={false}
      />
      <div class="facts">
        <Status player={player} />
        <About player={player} />
      </div>
    </div>
  );
}

function Status({ player }: { player: Player }) {
  const state = player.source.state.value;
  const { isRunning, status } = player.manifest.value;
  if (state.name === 'failed')
    return <Chip kind="failed" text="Link expired" hint={state.sentence} />;
  if (state.name === 'retrying') return <Chip kind="late" text="Reconnecting…" hint="" />;
  if (isRunning) return <Chip kind="running" text="Recording" hint="The browser still runs." />;
  if (status !== 'encoding') return null;
  const hint = 'The recording is being put together. What is there can be played.';
  return <Chip kind="encoding" text="Processing…" hint={hint} />;
}

function Chip({ kind, text, hint }: { kind: string; text: string; hint: string }) {
  return (
    <span class="chip" data-kind={kind} role="status" title={hint}>
      <span class="dot" aria-hidden="true" />
      {text}
      <span class="unseen">{hint}</span>
    </span>
  );
}

const DATE: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };

/** Whose recording it is, and of when. */
function About({ player }: { player: Player }) {
  const { alias, startedAt } = player.manifest.value;
  const started = new Date(startedAt);
  if (Number.isNaN(started.getTime())) return <strong class="alias">{alias}</strong>;
  return (
    <>
      <strong class="alias">{alias}</strong>
      <time class="started" dateTime={startedAt}>
        {started.toLocaleString(undefined, DATE)}
      </time>
    </>
  );
}
