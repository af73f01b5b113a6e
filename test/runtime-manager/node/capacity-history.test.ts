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

const NONE = { waiting: 0, oldestWaitMs: 0 };

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

function openHistory(nodes: () => NamedCapacity[], waiting = NONE) {
  const history = new CapacityHistory({ nodes, waiting: async () => waiting });
  onTestFinished(() => history[Symbol.dispose]());
  return history;
}

test('an hour is kept, and whoever asks again gets only what is new', async () => {
  const history = openHistory(() => [capacity()]);
  await vi.advanceTimersByTimeAsync(7_200_000);
  const all = history.since(undefined);
  expect(all).toHaveLength(3_600_000 / CapacityHistory.stepMs);
  expect(history.since(all.at(-2)?.at)).toEqual(all.slice(-1));
  expect(history.since(all.at(-1)?.at)).toEqual([]);
});

test('the total sums nodes and what waits for any; of waits and launch times it has the longest', async () => {
  const launches = { perMinute: 1, failedPerMinute: 0, p50Ms: 100, p95Ms: 900 };
  const other = capacity({ nodeId: 'b', active: 3, free: 7, oldestWaitMs: 40, launches });
  const history = openHistory(() => [capacity({ waiting: 1, oldestWaitMs: 50 }), other], {
    waiting: 3,
    oldestWaitMs: 45,
  });
  const { total, nodes } = await history.now();
  expect(nodes.map(({ nodeId }) => nodeId)).toEqual(['a', 'b']);
  expect(total).toMatchObject({
    slots: 20,
    active: 3,
    free: 17,
    warm: 2,
    waiting: 4,
    oldestWaitMs: 50,
    memory: { freeBytes: 6, floorBytes: 2, browserBytes: 4 },
    launches: { perMinute: 5, failedPerMinute: 1, p50Ms: 300, p95Ms: 900 },
  });
});

test('the headroom is the most that came within two minutes, and its square root', async () => {
  let active = 100;
  const history = openHistory(() => [capacity({ active, waiting: 1 })]);
  const step = async (change: number, minutes: number) => {
    active += change;
    await vi.advanceTimersByTimeAsync(minutes * 60_000);
  };
  await step(0, 5);
  expect(history.headroomWanted).toBe(0);
  await step(-50, 5);
  expect(history.headroomWanted).toBe(0);
  // Slowly, four in any two minutes and one at their edge.
  for (let nth = 0; nth < 10; nth++) await step(2, 1);
  const slow = history.headroomWanted;
  expect(slow).toBeGreaterThanOrEqual(4 + 2);
  expect(slow).toBeLessThanOrEqual(6 + 3);
  await step(16, 1);
  await step(9, 3);
  const fast = history.headroomWanted;
  expect(fast).toBeGreaterThanOrEqual(25 + 5);
  expect(fast).toBeLessThanOrEqual(29 + 6);
  await step(-60, 61);
  expect(history.headroomWanted).toBe(0);
});
