import type { LaunchRates } from './machine-state.ts';

const WINDOW_MS = 60_000;
/** A machine launches no more in a minute. */
const REMEMBERED = 1000;

interface EndedLaunch {
  /** By `performance.now()`. */
  at: number;
  /** Undefined: it failed. */
  tookMs: number | undefined;
}

/** How the launches of the last minute went. */
export class RecentLaunches {
  /** Oldest first. */
  readonly #ended: EndedLaunch[] = [];

  /** A launch is over; one that failed took no time that counts. */
  note(tookMs: number | undefined): void {
    this.#ended.push({ at: performance.now(), tookMs });
    if (this.#ended.length > REMEMBERED) this.#ended.shift();
  }

  get rates(): LaunchRates {
    const since = performance.now() - WINDOW_MS;
    while ((this.#ended[0]?.at ?? since) < since) this.#ended.shift();
    const times = this.#ended
      .flatMap(({ tookMs }) => tookMs ?? [])
      .toSorted((one, other) => one - other);
    return {
      perMinute: times.length,
      failedPerMinute: this.#ended.length - times.length,
      p50Ms: quantile(times, 0.5),
      p95Ms: quantile(times, 0.95),
    };
  }
}

/** The smallest value that at least so large a part of all does not exceed; 0 of none. */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
