import { useComputed, type Signal } from '@preact/signals';
import { SPEEDS } from './clock.ts';
import { ListIcon, NextIcon, PauseIcon, PlayIcon, PreviousIcon, SaveIcon } from './icons.tsx';
import type { Player } from './player.ts';
import { clockTime } from './times.ts';

export function Controls({ player, isListed }: { player: Player; isListed: Signal<boolean> }) {
  return (
    <div class="controls">
      <div class="group">
        <Play player={player} />
        <button
          class="plain"
          type="button"
          aria-label="Previous event"
          title="Previous event (Shift ←)"
          onClick={() => player.previousEvent()}
        >
          <PreviousIcon />
        </button>
        <button
          class="plain"
          type="button"
          aria-label="Next event"
          title="Next event (Shift →)"
          onClick={() => player.nextEvent()}
        >
          <NextIcon />
        </button>
        <Times player={player} />
        {player.isRunning.value && <Live player={player} />}
      </div>
      <div class="group">
        <Speeds player={player} />
        <Save player={player} />
        <button
          class="plain list-button"
          type="button"
          aria-label="Events"
          aria-pressed={isListed.value}
          title={isListed.value ? 'Hide the events' : 'Show the events'}
          onClick={() => {
            isListed.value = !isListed.value;
          }}
        >
          <ListIcon />
          <span>Events</span>
        </button>
      </div>
    </div>
  );
}

function Play({ player }: { player: Player }) {
  const isPlaying = player.clock.isPlaying.value;
  const name = isPlaying ? 'Pause' : 'Play';
  return (
    <button
      class="primary play"
      type="button"
      aria-label={name}
      title={`${name} (Space)`}
      onClick={() => player.toggle()}
    >
      {isPlaying ? <PauseIcon /> : <PlayIcon />}
    </button>
  );
}

function Times({ player }: { player: Player }) {
  const now = useComputed(() => clockTime(player.clock.timeMs.value)).value;
  return (
    <span class="times">
      <span class="now">{now}</span>
      <span class="dim"> / {clockTime(player.manifest.value.durationMs)}</span>
    </span>
  );
}

function Live({ player }: { player: Player }) {
  const isLive = player.clock.isLive.value;
  return (
    <button
      class="live"
      type="button"
      aria-pressed={isLive}
      title={isLive ? 'You see what is recorded, as it comes' : 'Jump to the end, and follow it'}
      onClick={() => player.clock.follow()}
    >
      <span class="dot" aria-hidden="true" />
      Live
    </button>
  );
}

function Speeds({ player }: { player: Player }) {
  const { speed } = player.clock;
  return (
    <div class="speeds" role="group" aria-label="Speed">
      {SPEEDS.map((one, i) => (
        <button
          key={one}
          type="button"
          aria-pressed={speed.value === one}
          title={`Speed ${one} (${i + 1})`}
          onClick={() => {
            speed.value = one;
          }}
        >
          {one}×
        </button>
      ))}
    </div>
  );
}

/** Saves the video of the tab that is shown, when there is one for all of its time. */
function Save({ player }: { player: Player }) {
  const { status, alias } = player.manifest.value;
  const video = player.tab.value?.video;
  if (status !== 'ready' || !video) return null;
  return (
    <a
      class="plain"
      href={player.files.addressOf(video)}
      download={`${alias}-${video.tabId}.mp4`}
      aria-label="Download"
      title="Download the video of this tab"
    >
      <SaveIcon />
    </a>
  );
}
