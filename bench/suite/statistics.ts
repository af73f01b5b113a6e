import type { Budget } from './budget.ts';

/** With linear interpolation between the two nearest samples; NaN of none. */
export function quantile(samples: number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (below === undefined || above === undefined) return NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(samples: number[]): number {
  return quantile(samples, 0.5);
}

export function p95(samples: number[]): number {
  return quantile(samples, 0.95);
}

/** Milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/**
 * A random order of its own for every round, so that nobody gains by coming after the same one. One
 * round there is, however slow the machine is.
 */
export async function interleave<T>(
  { rounds, until }: Budget,
  contenders: readonly T[],
  work: (contender: T) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && performance.now() > until) return;
    for (const contender of shuffled(contenders)) await work(contender);
  }
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[]): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(Math.floor(Math.random() * left.length), 1));
}
