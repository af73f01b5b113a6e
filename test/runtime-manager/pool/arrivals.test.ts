import { pino } from 'pino';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { WarmPool } from '../../../src/runtime-manager/machine/pool/warm-pool.ts';
import { seededRandom } from '../../support/random.ts';

const NEVER = new AbortController().signal;
/** A launch takes this long and two run at once, so at most four browsers a second are launched. */
const LAUNCH_MS = 500;
const CORES = 2;
const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const well = async () => undefined;

function fakeBrowser() {
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  const browser = {
    exited,
    assertWell: well,
    checkPage: well,
    leavePage: () => undefined,
    kill: async () => resolve(),
  };
  return { browser };
}

/** The pool of a machine with two cores, whose launches take half a second. */
function openPool() {
  let launched = 0;
  const pool = new WarmPool({
    min: CORES,
    max: 4 * CORES,
    maxLaunches: CORES,
    mayRefill: () => true,
    isShort: () => false,
    log: pino({ level: 'silent' }),
    launch: () =>
      new Promise<ReturnType<typeof fakeBrowser>>((come) => {
        launched++;
        setTimeout(() => come(fakeBrowser()), LAUNCH_MS);
      }),
  });
  onTestFinished(() => pool[Symbol.asyncDispose]());
  return { pool, launched: () => launched };
}

/** Resolves with the share of the arrivals that had to wait. */
async function arrivals(
  { pool }: ReturnType<typeof openPool>,
  count: number,
  gapMs: () => number,
): Promise<number> {
  let waited = 0;
  const takings: Promise<unknown>[] = [];
  for (let n = 0; n < count; n++) {
    const at = performance.now();
    const taking = pool.take(NEVER).then(() => (performance.now() > at ? waited++ : 0));
    takings.push(taking);
    await vi.advanceTimersByTimeAsync(gapMs());
  }
  await vi.advanceTimersByTimeAsync(MINUTE);
  await Promise.all(takings);
  return waited / count;
}

test.for([1, 2, 3])(
  'whoever comes at random, at half the rate of launches, seldom waits (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const gapMs = () => -Math.log((random(1e6) + 1) / 1e6) * LAUNCH_MS;
    const service = openPool();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(await arrivals(service, 120, gapMs)).toBeLessThan(0.05);
    expect(await arrivals(service, 1200, gapMs)).toBeLessThan(0.02);
  },
);

test.for([600, 1000])('nobody waits when one comes every %i ms', async (pauseMs) => {
  const service = openPool();
  await vi.advanceTimersByTimeAsync(MINUTE);
  expect(await arrivals(service, 100, () => pauseMs)).toBe(0);
});

test('while nobody comes only browsers that grow old are replaced', async () => {
  const service = openPool();
  await arrivals(service, 100, () => LAUNCH_MS);
  await vi.advanceTimersByTimeAsync(2 * MINUTE);
  const before = service.launched();
  expect(service.pool.idle).toBe(CORES);
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(service.launched() - before).toBeLessThanOrEqual(CORES);
});
