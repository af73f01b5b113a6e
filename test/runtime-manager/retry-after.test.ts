import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Admission } from '../../src/runtime-manager/node/admission.ts';
import { seededRandom } from '../support/random.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Pattern {
  places: number;
  /** How long the nth runtime lives, in milliseconds. */
  lifeMs: (nth: number) => number;
  /** How long the test watches the machine, before and while somebody asks; in milliseconds. */
  watchMs: number;
}

/** A full machine without a queue, where each place that becomes free is taken at once. */
function openMachine({ places, lifeMs }: Pattern) {
  const limits = { maxRuntimes: places, maxLaunches: places, maxQueue: 0, queueTimeoutMs: 0 };
  const gate = new Admission({ ...limits, hasMemory: () => true });
  const freed: number[] = [];
  let seated = 0;
  const seat = () => {
    const place = gate.enter();
    place.launched();
    setTimeout(() => {
      place[Symbol.dispose]();
      freed.push(performance.now());
      seat();
    }, lifeMs(seated++));
  };
  for (let n = 0; n < places; n++) seat();
  const ask = (): number => {
    try {
      gate.enter();
    } catch (error) {
      return Object(error).retryAfterSeconds * SECOND;
    }
    throw new Error('the machine is not full');
  };
  return { freed, ask };
}

/** Asks at many moments: the wait that was named and the real one, in milliseconds. */
async function answersOf(pattern: Pattern, everyMs: number) {
  const { freed, ask } = openMachine(pattern);
  await vi.advanceTimersByTimeAsync(pattern.watchMs);
  const asked: { at: number; said: number }[] = [];
  for (let passed = 0; passed < pattern.watchMs; passed += everyMs) {
    asked.push({ at: performance.now(), said: ask() });
    await vi.advanceTimersByTimeAsync(everyMs);
  }
  return asked.flatMap(({ at, said }) => {
    const free = freed.find((one) => one > at);
    return free === undefined ? [] : [{ said, real: free - at }];
  });
}

const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

test.for([
  {
    name: 'leave one after the other',
    lifeMs: (n: number) => (n < 10 ? 4 * SECOND * (n + 1) : 40 * SECOND),
  },
  { name: 'all leave at once', lifeMs: () => 40 * SECOND },
  { name: 'live long', lifeMs: (n: number) => (n < 10 ? 40 * SECOND * (n + 1) : 400 * SECOND) },
])('whoever is refused where runtimes $name is told when to come back', async ({ lifeMs }) => {
  const pattern = { places: 10, lifeMs, watchMs: 30 * MINUTE };
  const answers = await answersOf(pattern, 7 * SECOND);
  // The answer is in whole seconds, which cannot tell shorter waits apart.
  const told = answers.filter(({ real }) => real > 2 * SECOND);
  expect(told.length).toBeGreaterThan(20);
  const right = told.filter(({ said, real }) => said <= 2 * real && said >= real / 2);
  expect(right.length / told.length).toBeGreaterThan(0.9);
});

test.for([3 * SECOND, 20 * SECOND, 5 * MINUTE])(
  'where runtimes end at random after %i ms, a place is free about when the answer said',
  async (meanMs) => {
    const random = seededRandom(meanMs);
    const lifeMs = () => Math.ceil(-Math.log((random(1e6) + 1) / 1e6) * meanMs);
    const pattern = { places: 5, lifeMs, watchMs: 60 * meanMs };
    const answers = await answersOf(pattern, meanMs / 3);
    const [said, real] = [
      middle(answers.map((one) => one.said)),
      middle(answers.map((one) => one.real)),
    ];
    expect(said).toBeLessThan(2 * real + SECOND);
    expect(said).toBeGreaterThan(real / 2);
  },
);
