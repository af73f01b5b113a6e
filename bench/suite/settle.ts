import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants } from './process-tree.ts';
import type { BenchService } from './service.ts';

/** https://man7.org/linux/man-pages/man3/sysconf.3.html */
const TICK_MS = 10;
const SPAN_MS = 120;
/** Clock ticks, a hundredth of a second each, in one span: under a fifth of a core. */
const QUIET_TICKS = 2;
const TIMEOUT_MS = 8000;
const WARM_BROWSERS = 'bctrl_warm_browsers';

/**
 * Waits until all that the suite has started is quiet, and those services have warm browsers again
 * that have any at all: so that a sample is what a customer meets. Gives up after eight seconds.
 */
export async function settle(...pooled: BenchService[]): Promise<void> {
  const until = performance.now() + TIMEOUT_MS;
  while (performance.now() < until) {
    const before = ticksByPid();
    await sleep(SPAN_MS);
    if (ticksSince(before) > QUIET_TICKS) continue;
    const warm = await Promise.all(pooled.map(({ gauge }) => gauge(WARM_BROWSERS)));
    if (!warm.includes(0)) return;
  }
  console.error('not quiet, the sample counts all the same');
}

/** Waits until services whose browsers are never quiet have as many warm ones as they keep. */
export async function refill({ gauge }: BenchService): Promise<void> {
  const until = performance.now() + TIMEOUT_MS;
  while (performance.now() < until) {
    await sleep(SPAN_MS);
    if (((await gauge(WARM_BROWSERS)) ?? 0) >= availableParallelism()) return;
  }
  console.error('not refilled, the sample counts all the same');
}

/** How many cores all that the suite has started keeps busy, over so long. */
export async function busyCores(overMs: number): Promise<number> {
  const before = ticksByPid();
  const began = performance.now();
  await sleep(overMs);
  return (ticksSince(before) * TICK_MS) / (performance.now() - began);
}

function ticksByPid(): Map<number, number> {
  return new Map(descendants(process.pid).map(({ pid, ticks }) => [pid, ticks]));
}

function ticksSince(before: Map<number, number>): number {
  return descendants(process.pid).reduce(
    (sum, { pid, ticks }) => sum + ticks - (before.get(pid) ?? 0),
    0,
  );
}
