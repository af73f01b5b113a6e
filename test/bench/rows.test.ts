import { expect, test } from 'vitest';
import {
  isMissed,
  medianAtMost,
  moreAtMost,
  noneOf,
  p95AtMost,
  rowOf,
  times,
  timesAtLeast,
  timesAtMost,
} from '../../bench/suite/rows.ts';
import { p95, quantile } from '../../bench/suite/statistics.ts';

const bare = { name: 'bare', samples: [90, 100, 110] };

test('a goal is met at its limit and missed beyond it', () => {
  const { checks } = rowOf('create', 'ms', [10, 10, 40], medianAtMost(10), p95AtMost(25));
  expect(checks).toMatchObject([
    { value: 10, is: '10.0 ms', goal: '≤ 10 ms', met: true },
    { value: 37, is: 'p95 37.0 ms', goal: '≤ 25 ms', met: false },
  ]);
});

test('ratios compare medians, unless another figure is asked for', () => {
  const { checks } = rowOf(
    'create',
    'ms',
    [10, 50, 60],
    timesAtMost(0.5, bare),
    timesAtLeast(0.6, bare),
    timesAtMost(0.5, bare, p95),
    moreAtMost(15, bare),
  );
  expect(checks.map(({ met }) => met)).toEqual([true, false, false, true]);
  expect(checks[0]?.is).toBe('0.50 × bare');
});

test('a figure without a goal is reported and never missed', () => {
  const row = rowOf('memory', 'MB', [200], times(bare));
  expect(row.checks).toEqual([{ value: 2, is: '2.00 × bare' }]);
  expect(isMissed(row)).toBe(false);
});

test('a goal is missed when either side has no samples', () => {
  const none = { name: 'bare', samples: [] };
  expect(isMissed(rowOf('create', 'ms', [], medianAtMost(10)))).toBe(true);
  expect(isMissed(rowOf('create', 'ms', [5], timesAtMost(0.5, none)))).toBe(true);
  expect(isMissed(rowOf('rate', '/s', [5], timesAtLeast(0.5, none)))).toBe(true);
  expect(isMissed(rowOf('create', 'ms', [], moreAtMost(15, bare)))).toBe(true);
});

test('one failure is a missed goal', () => {
  expect(isMissed(rowOf('cycles', '/s', [5], noneOf(0, 'failures')))).toBe(false);
  expect(isMissed(rowOf('cycles', '/s', [5], noneOf(1, 'failures')))).toBe(true);
});

test('quantiles lie between the two nearest samples', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([7], 0.95)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});
