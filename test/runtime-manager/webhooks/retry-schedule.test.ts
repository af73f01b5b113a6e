import { expect, test } from 'vitest';
import { nextTryInMs, retryAfterMs } from '../../../src/runtime-manager/webhooks/retry-schedule.ts';

const HOUR_MS = 3_600_000;

test('a delivery is tried ten times in a day', () => {
  const tries = [0];
  for (let next: number | undefined = 0; next !== undefined;) {
    next = nextTryInMs(tries.at(-1) ?? 0, 0);
    if (next !== undefined) tries.push((tries.at(-1) ?? 0) + next);
  }
  expect(tries).toHaveLength(10);
  expect(tries.slice(1, 3)).toEqual([5000, 300_000]);
  expect(tries.at(-1)).toBe(24 * HOUR_MS);
});

test('tries come a little later by chance, and never earlier', () => {
  expect(nextTryInMs(0, 0)).toBe(5000);
  expect(nextTryInMs(0, 1)).toBe(5500);
  expect(nextTryInMs(25 * HOUR_MS)).toBeUndefined();
});

test('a Retry-After is seconds or a date, and an hour at most', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfterMs('120', now)).toBe(120_000);
  expect(retryAfterMs('Thu, 01 Jan 2026 00:01:00 GMT', now)).toBe(60_000);
  expect(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
  expect(retryAfterMs('999999999', now)).toBe(HOUR_MS);
  for (const other of [undefined, 'soon', '-1', '']) {
    expect(retryAfterMs(other, now)).toBeUndefined();
  }
});
