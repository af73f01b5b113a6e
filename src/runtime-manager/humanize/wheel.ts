import { minimumJerk } from './pointer-path.ts';
import type { Persona } from './persona.ts';
import { logNormal, type Random } from './random.ts';

export interface Scroll {
  deltaX: number;
  deltaY: number;
}

/** A part of a scroll, `atMs` after the scroll began. */
export interface ScrollStep extends Scroll {
  atMs: number;
}

/**
 * A scroll in many small steps, slow at the beginning and the end (`minimumJerk`), whose sum is
 * exactly `total`. Steps are whole pixels, except the last. A long scroll has larger steps, since
 * it has no more time.
 */
export function planScroll(
  total: Scroll,
  maxMs: number,
  { wheel }: Persona,
  random: Random,
): ScrollStep[] {
  const { intervalMs } = wheel;
  const farthest = Math.max(Math.abs(total.deltaX), Math.abs(total.deltaY));
  // At its fastest a movement of least jerk is 1.875 times as fast as on average.
  const wanted = Math.ceil((1.875 * farthest) / wheel.stepPx);
  const count = Math.max(1, Math.min(wanted, Math.floor(maxMs / intervalMs)));
  const steps: ScrollStep[] = [];
  let atMs = 0;
  let done: Scroll = { deltaX: 0, deltaY: 0 };
  for (let step = 1; step <= count; step++) {
    const reached = partOf(total, step === count ? 1 : minimumJerk(step / count));
    const [deltaX, deltaY] = [reached.deltaX - done.deltaX, reached.deltaY - done.deltaY];
    if (deltaX !== 0 || deltaY !== 0) steps.push({ deltaX, deltaY, atMs });
    done = reached;
    atMs = Math.min(maxMs, atMs + logNormal(random, intervalMs, 0.2));
  }
  return steps;
}

function partOf({ deltaX, deltaY }: Scroll, part: number): Scroll {
  return { deltaX: partOfOne(deltaX, part), deltaY: partOfOne(deltaY, part) };
}

function partOfOne(total: number, part: number): number {
  return part === 1 ? total : Math.round(total * part);
}
