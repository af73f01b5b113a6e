import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { ListedEvent } from './events.ts';
import type { Player } from './player.ts';
import { ticksOf } from './ticks.ts';
import { clockTime } from './times.ts';

/** From the pointer to an event that it means. */
const NEAR_PX = 7;

/** The whole time, with what happened, to move in. */
export function Scrubber({ player }: { player: Player }) {
  const place = useRef<HTMLDivElement>(null);
  /** Where the pointer is, in ms. */
  const hover = useSignal<number | undefined>(undefined);
  const { durationMs } = player.manifest.value;
  const seconds = useComputed(() => Math.floor(player.clock.timeMs.value / 1000)).value;
  useSignalEffect(() => {
    const share = player.clock.timeMs.value / (player.manifest.value.durationMs || 1);
    place.current?.style.setProperty('--at', `${share * 100}%`);
  });
  const timeOf = ({ clientX }: PointerEvent) => {
    const { left, width } = place.current?.getBoundingClientRect() ?? { left: 0, width: 1 };
    return Math.max(0, Math.min(1, (clientX - left) / width)) * durationMs;
  };
  const release = () => {
    player.isDragging.value = false;
  };
  return (
    <div
      ref={place}
      class="scrubber"
      role="slider"
      tabIndex={0}
      aria-label="Time"
      aria-valuemin={0}
      aria-valuemax={Math.floor(durationMs / 1000)}
      aria-valuenow={seconds}
      aria-valuetext={`${clockTime(seconds * 1000)} of ${clockTime(durationMs)}`}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        player.isDragging.value = true;
        player.seek(timeOf(event));
      }}
      onPointerMove={(event) => {
        hover.value = timeOf(event);
        if (player.isDragging.value) player.seek(hover.value);
      }}
      onLostPointerCapture={release}
      onPointerCancel={release}
      onPointerLeave={() => {
        hover.value = undefined;
      }}
    >
      <div class="track">
        <div class="past" />
        <Ranges player={player} />
      </div>
      <Ticks player={player} />
      <div class="thumb" />
      {hover.value !== undefined && (
        <Tip player={player} ms={hover.value} widthPx={place.current?.clientWidth ?? 1} />
      )}
    </div>
  );
}

const share = (ms: number, durationMs: number) => `${(ms / (durationMs || 1)) * 100}%`;

function Ranges({ player }: { player: Player }) {
  const { ranges, durationMs } = player.timeline.value;
  return (
    <>
      {ranges.map(({ kind, startMs, endMs }) => (
        <div
          key={`${kind} ${startMs}`}
          class="range"
          data-kind={kind}
          style={{ left: share(startMs, durationMs), width: share(endMs - startMs, durationMs) }}
        />
      ))}
    </>
  );
}

function Ticks({ player }: { player: Player }) {
  const { durationMs } = player.manifest.value;
  return (
    <>
      {ticksOf(player.events.value, durationMs).map(({ atMs, kind }) => (
        <div key={atMs} class="tick" data-kind={kind} style={{ left: share(atMs, durationMs) }} />
      ))}
    </>
  );
}

function Tip({ player, ms, widthPx }: { player: Player; ms: number; widthPx: number }) {
  const { durationMs } = player.manifest.value;
  const event = nearest(player.events.value, ms, (NEAR_PX / widthPx) * durationMs);
  return (
    <div class="card tip" style={{ '--tip': share(ms, durationMs) }}>
      <span class="now">{clockTime(ms)}</span>
      {event && (
        <span class="what" data-kind={event.kind}>
          {event.label} <span class="dim">{event.detail}</span>
        </span>
      )}
    </div>
  );
}

function nearest(events: ListedEvent[], ms: number, withinMs: number): ListedEvent | undefined {
  let [best, bestMs]: [ListedEvent | undefined, number] = [undefined, withinMs];
  for (const event of events) {
    const awayMs = Math.abs(event.atMs - ms);
    if (awayMs <= bestMs) [best, bestMs] = [event, awayMs];
  }
  return best;
}
