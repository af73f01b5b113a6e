import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import {
  CapacityHistory,
  type NamedCapacity,
} from '../../../src/runtime-manager/node/capacity-history.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function capacity(differs: Partial<NamedCapacity> = {}): NamedCapacity {
  return {
    nodeId: 'a',
    slots: 10,
    active: 0,
    waiting: 0,
    free: 10,
    warm: 1,
    launching: 0,
    oldestWaitMs: 0,
    memory: { freeBytes: 3, floorBytes: 1, browserBytes: 2 },
    launches: { perMinute: 4, failedPerMinute: 1, p50Ms: 300, p95Ms: 500 },
    ...differs,
  };
}

function openHistory(read: () => NamedCapacity[]) {
  const history = new CapacityHistory(read);
  onTestFinished(() => history[Symbol.dispose]());
  return history;
}

test('an hour is kept, and whoever asks again gets only what is new', () => {
  const history = openHistory(() => [capacity()]);
  vi.advanceTimersByTime(7_200_000);
  const all = history.since(undefined);
  expect(all).toHaveLength(3_600_000 / CapacityHistory.stepMs);
  expect(history.since(all.at(-2)?.at)).toEqual(all.slice(-1));
  expect(history.since(all.at(-1)?.at)).toEqual([]);
});

test('the total sums nodes; of waits and launch times it has the longest', () => {
  const launches = { perMinute: 1, failedPerMinute: 0, p50Ms: 100, p95Ms: 900 };
  const other = capacity({ nodeId: 'b', active: 3, free: 7, oldestWaitMs: 40, launches });
  const { total, nodes } = openHistory(() => [capacity({ oldestWaitMs: 50 }), other]).now();
  expect(nodes.map(({ nodeId }) => nodeId)).toEqual(['a', 'b']);
  expect(total).toMatchObject({
    slots: 20,
    active: 3,
    free: 17,
    warm: 2,
    oldestWaitMs: 50,
    memory: { freeBytes: 6, floorBytes: 2, browserBytes: 4 },
    launches: { perMinute: 5, failedPerMinute: 1, p50Ms: 300, p95Ms: 900 },
  });
});

test('the headroom is the most that came within two minutes, and its square root', () => {
  let active = 100;
  const history = openHistory(() => [capacity({ active, waiting: 1 })]);
  const step = (change: number, minutes: number) => {
    active += change;
    vi.advanceTimersByTime(minutes * 60_000);
  };
  step(0, 5);
  expect(history.headroomWanted).toBe(0);
  step(-50, 5);
  expect(history.headroomWanted).toBe(0);
  // Slowly, four in any two minutes and one at their edge.
  for (let nth = 0; nth < 10; nth++) step(2, 1);
  const slow = history.headroomWanted;
  expect(slow).toBeGreaterThanOrEqual(4 + 2);
  expect(slow).toBeLessThanOrEqual(6 + 3);
  step(16, 1);
  step(9, 3);
  const fast = history.headroomWanted;
  expect(fast).toBeGreaterThanOrEqual(25 + 5);
  expect(fast).toBeLessThanOrEqual(29 + 6);
  step(-60, 61);
  expect(history.headroomWanted).toBe(0);
});
