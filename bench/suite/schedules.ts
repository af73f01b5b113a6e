import { seededRandom } from '../../src/runtime-manager/humanize/random.ts';

/** When somebody comes: times in milliseconds from the start, in order, all within `spanMs`. */
export interface Arrivals {
  perSecond: number;
  spanMs: number;
}

export function evenly({ perSecond, spanMs }: Arrivals): number[] {
  const everyMs = 1000 / perSecond;
  return Array.from({ length: Math.ceil(spanMs / everyMs) }, (_, nth) => nth * everyMs);
}

/** A Poisson process: nobody knows of anybody else. The same seed has the same times. */
export function poisson({ perSecond, spanMs }: Arrivals, seed: string): number[] {
  const random = seededRandom(seed);
  const times: number[] = [];
  for (let at = 0; ; times.push(at)) {
    at += (-Math.log(1 - random()) / perSecond) * 1000;
    if (at >= spanMs) return times;
  }
}
