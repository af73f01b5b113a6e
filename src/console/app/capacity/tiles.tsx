import type { Capacity, CapacitySample } from '../contract.ts';
import { bytes, durationOf } from '../times.ts';

import { Sparkline } from './sparkline.tsx';

interface Figure {
  title: string;
  value: (capacity: Capacity) => number;
  shown: (capacity: Capacity) => string;
  detail: (capacity: Capacity) => string;
  /** Where the scale ends, if that is known. */
  max?: (capacity: Capacity) => number;
}

const FIGURES: Figure[] = [
  {
    title: 'Runtimes',
    value: ({ active }) => active,
    shown: ({ active, slots }) => `${active} of ${slots}`,
    detail: ({ free }) => `room for ${free} more`,
    max: ({ slots }) => slots,
  },
  {
    title: 'Waiting',
    value: ({ queue }) => queue.length,
    shown: ({ queue }) => String(queue.length),
    detail: ({ queue }) =>
      queue.length === 0
        ? 'no request waits'
        : `the oldest for ${durationOf(queue.oldestSeconds * 1000)}`,
  },
  {
    title: 'Ready browsers',
    value: ({ pool }) => pool.warm,
    shown: ({ pool }) => String(pool.warm),
    detail: ({ pool }) => `${pool.launching} being launched`,
  },
  {
    title: 'Free memory',
    value: ({ memory }) => memory.freeBytes,
    shown: ({ memory }) => bytes(memory.freeBytes),
    detail: ({ memory }) => `browsers use ${bytes(memory.browserBytes)}`,
  },
  {
    title: 'Launches a minute',
    value: ({ launches }) => launches.perMinute,
    shown: ({ launches }) => String(launches.perMinute),
    detail: ({ launches }) => `${launches.failedPerMinute} failed`,
  },
  {
    title: 'Launch time',
    value: ({ launches }) => launches.p95Ms,
    shown: ({ launches }) => (launches.perMinute === 0 ? '–' : lasting(launches.p50Ms)),
    detail: ({ launches }) =>
      launches.perMinute === 0
        ? 'none in the last minute'
        : `median; 95 % under ${lasting(launches.p95Ms)}`,
  },
];

/** The figures of all nodes together, with their course of the last hour. */
export function Tiles({ now, samples }: { now: CapacitySample; samples: CapacitySample[] }) {
  return (
    <div class="tiles">
      {FIGURES.map(({ title, value, shown, detail, max }) => (
        <section key={title} class="panel" aria-label={title}>
          <h2 class="dim">{title}</h2>
          <p class="figure">{shown(now.total)}</p>
          <p class="dim">{detail(now.total)}</p>
          <Sparkline
            values={[...samples, now].map(({ total }) => value(total))}
            max={max?.(now.total) ?? 0}
            label={`${title} in the last hour`}
          />
        </section>
      ))}
    </div>
  );
}

function lasting(ms: number): string {
  return ms < 1000 ? `${ms}\u00A0ms` : `${(ms / 1000).toFixed(1)}\u00A0s`;
}
