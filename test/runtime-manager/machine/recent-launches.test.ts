import { afterEach, expect, test, vi } from 'vitest';
import { RecentLaunches } from '../../../src/runtime-manager/machine/recent-launches.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('the launches of the last minute are told, with the times of those that succeeded', () => {
  vi.useFakeTimers();
  const recent = new RecentLaunches();
  const none = { perMinute: 0, failedPerMinute: 0, p50Ms: 0, p95Ms: 0 };
  expect(recent.rates).toEqual(none);
  for (let ms = 1; ms <= 100; ms++) recent.note(ms);
  recent.note(undefined);
  expect(recent.rates).toEqual({ perMinute: 100, failedPerMinute: 1, p50Ms: 50, p95Ms: 95 });
  vi.advanceTimersByTime(40_000);
  recent.note(7);
  vi.advanceTimersByTime(40_000);
  expect(recent.rates).toEqual({ ...none, perMinute: 1, p50Ms: 7, p95Ms: 7 });
  vi.advanceTimersByTime(40_000);
  expect(recent.rates).toEqual(none);
});
