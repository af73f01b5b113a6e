import { setTimeout as sleep } from 'node:timers/promises';
import { descendants } from './process-tree.ts';
import type { BenchService } from './service.ts';

const SPAN_MS = 120;
/** Of a hundredth of a second each, in one span: under a fifth of a core. */
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

function ticksByPid(): Map<number, number> {
  return new Map(descendants(process.pid).map(({ pid, ticks }) => [pid, ticks]));
}

function ticksSince(before: Map<number, number>): number {
  return descendants(process.pid).reduce(
    (sum, { pid, ticks }) => sum + ticks - (before.get(pid) ?? 0),
    0,
  );
}
