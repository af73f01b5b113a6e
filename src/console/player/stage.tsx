import { useComputed, useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { PlayIcon } from './icons.tsx';
import type { Player } from './player.ts';

/** The picture, and what lies over it. */
export function Stage({ player }: { player: Player }) {
  const { deck, clock } = player;
  const tabId = player.tabId.value;
  const state = useComputed(() => stateOf(player)).value;
  const wasPlayed = useSignal(false);
  if (clock.isPlaying.value) wasPlayed.value = true;
  return (
    <div
      id="picture"
      class="stage"
      data-state={state}
      role={tabId === undefined ? undefined : 'tabpanel'}
      aria-labelledby={tabId === undefined ? undefined : `tab-${tabId}`}
      onClick={() => player.toggle()}
    >
      <Videos elements={deck.elements} />
      <Note player={player} state={state} />
      {!wasPlayed.value && state === 'shown' && (
        <button class="begin" type="button" aria-label="Play the recording">
          <PlayIcon />
        </button>
      )}
    </div>
  );
}

function Videos({ elements }: { elements: readonly HTMLVideoElement[] }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => place.current?.replaceChildren(...elements), [elements]);
  return <div class="videos" ref={place} />;
}

type State = 'empty' | 'missing' | 'failed' | 'waiting' | 'stale' | 'shown';

/** `missing`: what is seen is of an earlier time. `stale`: it is of another tab. */
function stateOf({ deck, found, isRecorded, tabId }: Player): State {
  const shown = deck.shown.value;
  if (deck.hasFailed.value) return 'failed';
  if (!found.value) return 'empty';
  const isStale = shown === undefined || shown.tabId !== tabId.value;
  if (deck.isWaiting.value) return isStale ? 'stale' : 'waiting';
  return isRecorded.value ? 'shown' : 'missing';
}

function Note({ player, state }: { player: Player; state: State }) {
  const text = useComputed(() => noteOf(player)).value;
  const isBusy = state === 'waiting' || state === 'stale';
  return (
    <div class="curtain" role="status">
      {isBusy && <span class="spinner" aria-hidden="true" />}
      {text !== '' && <p class="card pill">{text}</p>}
    </div>
  );
}

function noteOf(player: Player): string {
  const { deck, files, isRecorded, tab, timeline, clock, manifest } = player;
  if (deck.hasFailed.value) return 'This browser cannot play this part of the recording.';
  if (deck.isWaiting.value) return files.isConverting.value ? 'Converting for this browser…' : '';
  if (isRecorded.value) return '';
  if (manifest.value.parts.length > 0)
    return timeline.value.whyMissing(tab.value, clock.timeMs.value);
  return player.isRunning.value
    ? 'Nothing to see yet: the first pictures come in a moment.'
    : 'Nothing was recorded.';
}
