import { expect, test } from 'vitest';
import { Burst } from '../../../src/runtime-manager/humanize/burst.ts';

/** How long `count` commands take, each of which takes `ownMs` and would be delayed by `delayMs`. */
function lasting(
  count: number,
  ownMs: number,
  delayMs: number,
): { delayed: number; paces: number[] } {
  const burst = new Burst();
  const paces: number[] = [];
  let [now, delayed] = [0, 0];
  for (let at = 0; at < count; at++) {
    now += ownMs;
    burst.enter(now);
    paces.push(burst.pace);
    const ms = delayMs * burst.pace;
    now += ms;
    delayed += ms;
    burst.spend(ms, now);
  }
  return { delayed, paces };
}

test('a short burst has its full time', () => {
  const { paces } = lasting(30, 1, 150);
  expect(Math.min(...paces)).toBe(1);
});

test.for([300, 3000, 100_000])(
  '%i commands are delayed by 10 s at most, however long they take themselves',
  (count) => {
    const { delayed, paces } = lasting(count, 50, 150);
    expect(delayed).toBeLessThan(10_001);
    for (const [at, pace] of paces.entries()) {
      expect(pace).toBeLessThanOrEqual((paces[at - 1] ?? 1) + 1e-9);
    }
  },
);

test('a pause begins a new burst', () => {
  const burst = new Burst();
  burst.enter(0);
  burst.spend(9500, 9500);
  expect(burst.pace).toBeLessThan(0.2);
  burst.enter(9600);
  expect(burst.pace).toBeLessThan(0.2);
  burst.enter(10_000);
  expect(burst.pace).toBe(1);
});
