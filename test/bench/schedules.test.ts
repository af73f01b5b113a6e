import { expect, test } from 'vitest';
import { evenly, poisson } from '../../bench/suite/schedules.ts';
import { median } from '../../bench/suite/statistics.ts';

const ARRIVALS = { perSecond: 5, spanMs: 2_000_000 };

test('even arrivals are as far apart as their rate says, from the start on', () => {
  expect(evenly({ perSecond: 4, spanMs: 1000 })).toEqual([0, 250, 500, 750]);
});

test('random arrivals come in order, within the span, as many as their rate says', () => {
  const times = poisson(ARRIVALS, 'seed');
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(times.at(-1)).toBeLessThan(ARRIVALS.spanMs);
  // 10,000 give or take four standard deviations; one is the square root of 10,000.
  expect(Math.abs(times.length - 10_000)).toBeLessThan(400);
});

test('the gaps between random arrivals are exponential: half are below ln 2 of the mean', () => {
  const times = poisson(ARRIVALS, 'seed');
  const gaps = times.slice(1).map((time, nth) => time - (times[nth] ?? 0));
  expect(median(gaps) / 200).toBeCloseTo(Math.LN2, 1);
  expect(gaps.filter((gap) => gap > 600).length / gaps.length).toBeCloseTo(Math.exp(-3), 2);
});

test('the same seed gives the same arrivals, and another seed others', () => {
  expect(poisson(ARRIVALS, 'seed')).toEqual(poisson(ARRIVALS, 'seed'));
  expect(poisson(ARRIVALS, 'another')).not.toEqual(poisson(ARRIVALS, 'seed'));
});
