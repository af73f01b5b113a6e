import { pino } from 'pino';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import {
  WarmPool,
  type WarmPoolOptions,
} from '../../../../src/runtime-manager/machine/pool/warm-pool.ts';

const NEVER = new AbortController().signal;
const QUARTER_OF_AN_HOUR_MS = 15 * 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A browser as far as the pool knows one. */
class Fake {
  readonly #gone = Promise.withResolvers<void>();
  answers = true;
  pageAnswers = true;
  killed = false;
  asked = 0;
  readonly browser = {
    exited: this.#gone.promise,
    assertWell: async () => {
      this.asked++;
      if (!this.answers) throw new Error('it hangs');
    },
    checkPage: async () => {
      if (!this.pageAnswers) throw new Error('its page hangs');
    },
    leavePage: () => undefined,
    kill: async () => {
      this.killed = true;
      this.#gone.resolve();
    },
  };
}

/** Lets whatever waits for a resolved promise go on. */
const heard = () => vi.advanceTimersByTimeAsync(0);

interface Launch {
  hurry: AbortSignal;
  come: (browser?: Fake) => Fake;
  fail: () => void;
}

/** A pool whose launches the test carries out. */
function openPool(options: Partial<WarmPoolOptions<Fake>> = {}) {
  const launches: Launch[] = [];
  const pool = new WarmPool<Fake>({
    min: 0,
    max: 8,
    maxLaunches: 2,
    mayRefill: () => true,
    isShort: () => false,
    log: pino({ level: 'silent' }),
    launch: (signal, hurry) => {
      const { promise, resolve, reject } = Promise.withResolvers<Fake>();
      signal.addEventListener('abort', () => reject(signal.reason));
      const come = (browser = new Fake()) => {
        resolve(browser);
        return browser;
      };
      launches.push({ hurry, come, fail: () => reject(new Error('no browser today')) });
      return promise;
    },
    ...options,
  });
  onTestFinished(() => pool[Symbol.asyncDispose]());
  const come = async () => {
    const browser = launches.shift()?.come();
    await heard();
    if (!browser) throw new Error('nothing is being launched');
    return browser;
  };
  return { pool, launches, come };
}

test('the pool launches as many browsers as are wanted, and at once no more than its limit', async () => {
  const { pool, launches, come } = openPool({ min: 3 });
  expect(launches).toHaveLength(2);
  await come();
  expect(launches).toHaveLength(2);
  await come();
  await come();
  expect(launches).toHaveLength(0);
  expect(pool.idle).toBe(3);
});

test('a browser that is taken is replaced a little later, and the last one at once', async () => {
  const { pool, launches, come } = openPool({ min: 2 });
  const [first, second] = [await come(), await come()];
  expect(await pool.take(NEVER)).toBe(first);
  await vi.advanceTimersByTimeAsync(240);
  expect(launches).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(10);
  expect(launches).toHaveLength(1);
  expect(await pool.take(NEVER)).toBe(second);
  await vi.advanceTimersByTimeAsync(1);
  expect(launches).toHaveLength(2);
});

test('whoever finds no browser gets the next one, in the order of arrival, and its launch is hurried', async () => {
  const { pool, launches, come } = openPool({ min: 1 });
  expect(launches[0]?.hurry.aborted).toBe(false);
  const [first, second] = [pool.take(NEVER), pool.take(NEVER)];
  await heard();
  expect(launches.map(({ hurry }) => hurry.aborted)).toEqual([true, true]);
  const browsers = [await come(), await come()];
  expect(await Promise.all([first, second])).toEqual(browsers);
});

test('a browser that was checked ahead is not checked again soon, and stays in the pool', async () => {
  const { pool, come } = openPool({ min: 2 });
  const [first, second] = [await come(), await come()];
  pool.anticipate();
  pool.anticipate();
  pool.anticipate();
  expect([first.asked, second.asked, pool.idle]).toEqual([1, 1, 2]);
  expect(await pool.take(NEVER)).toBe(first);
  expect(first.asked).toBe(1);
  await vi.advanceTimersByTimeAsync(60);
  second.answers = false;
  expect(await pool.takeReady()).toBeUndefined();
  expect(second.asked).toBeGreaterThan(1);
});

test('the oldest launches are hurried first, and no more of them than there are waiters', async () => {
  const { pool, launches, come } = openPool({ min: 3, maxLaunches: 3 });
  const hurried = () => launches.map(({ hurry }) => hurry.aborted);
  const first = pool.take(NEVER);
  await heard();
  expect(hurried()).toEqual([true, false, false]);
  expect(await come()).toBe(await first);
  expect(hurried()).toEqual([false, false, false]);
  const second = pool.take(NEVER);
  await heard();
  expect(hurried()).toEqual([true, false, false]);
  expect(await come()).toBe(await second);
});

test('a browser that waits to be taken has normal priority', async () => {
  const { launches, come } = openPool({ min: 1 });
  const [launch] = launches;
  expect(launch?.hurry.aborted).toBe(false);
  await come();
  expect(launch?.hurry.aborted).toBe(true);
});

test('a launch that takes long at low priority gets normal priority, and is not given up', async () => {
  const { pool, launches, come } = openPool({ min: 1 });
  await vi.advanceTimersByTimeAsync(29_000);
  expect(launches[0]?.hurry.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(300_000);
  expect(launches.map(({ hurry }) => hurry.aborted)).toEqual([true]);
  await come();
  expect(pool.idle).toBe(1);
});

test('whoever leaves takes no browser: it stays ready for another', async () => {
  const { pool, come } = openPool();
  const leaving = new AbortController();
  const taken = pool.take(leaving.signal);
  taken.catch(() => undefined);
  await heard();
  leaving.abort(new Error('gone'));
  await expect(taken).rejects.toThrow('gone');
  const browser = await come();
  expect(pool.idle).toBe(1);
  expect(await pool.take(NEVER)).toBe(browser);
});

test('hung browsers are killed, and a healthy one is taken', async () => {
  const { pool, come } = openPool({ min: 4, maxLaunches: 4 });
  const hanging = [await come(), await come(), await come()];
  const well = await come();
  for (const one of hanging) one.answers = false;
  expect(await pool.take(NEVER)).toBe(well);
  expect(hanging.every(({ killed }) => killed)).toBe(true);
});

test('a browser that is given back serves another, unless it hangs', async () => {
  const { pool, come } = openPool({ min: 1 });
  const browser = await come();
  await pool.takeReady();
  pool.giveBack(browser);
  await heard();
  expect(await pool.takeReady()).toBe(browser);
  browser.answers = false;
  pool.giveBack(browser);
  await heard();
  expect(pool.idle).toBe(0);
  expect(browser.killed).toBe(true);
});

test('a browser whose page hangs is found while it is idle', async () => {
  const { pool, launches, come } = openPool({ min: 1 });
  const browser = await come();
  browser.pageAnswers = false;
  await vi.advanceTimersByTimeAsync(2500);
  expect(browser.killed).toBe(true);
  expect(pool.idle).toBe(0);
  expect(launches).toHaveLength(1);
});

test('a browser that exits by itself is replaced', async () => {
  const { pool, launches, come } = openPool({ min: 1 });
  await (await come()).browser.kill();
  await vi.advanceTimersByTimeAsync(250);
  expect(pool.idle).toBe(0);
  expect(launches).toHaveLength(1);
});

test('a browser that was idle for a quarter of an hour is killed once its successor is there', async () => {
  const { pool, launches, come } = openPool({ min: 1 });
  const old = await come();
  await vi.advanceTimersByTimeAsync(QUARTER_OF_AN_HOUR_MS + 2000);
  expect(old.killed).toBe(false);
  expect(launches).toHaveLength(1);
  const fresh = await come();
  await vi.advanceTimersByTimeAsync(2000);
  expect(old.killed).toBe(true);
  expect(await pool.take(NEVER)).toBe(fresh);
});

test('a burst is remembered for a minute', async () => {
  const { pool, launches, come } = openPool({ min: 1, max: 3, maxLaunches: 8 });
  await come();
  const burst = Array.from({ length: 5 }, () => pool.take(NEVER));
  await vi.advanceTimersByTimeAsync(250);
  while (launches.length > 0) await come();
  await Promise.all(burst);
  expect(pool.idle).toBe(3);
  await vi.advanceTimersByTimeAsync(70_000);
  expect(pool.idle).toBe(1);
});

test('launches that fail are tried again ever less often, and whoever waits gets the error', async () => {
  const { pool, launches } = openPool({ min: 1, maxLaunches: 1 });
  const failuresWithin = async (ms: number) => {
    let count = 0;
    for (let passed = 0; passed < ms; passed += 500) {
      for (const launch of launches.splice(0)) {
        launch.fail();
        count++;
      }
      await vi.advanceTimersByTimeAsync(500);
    }
    return count;
  };
  expect(await failuresWithin(60_000)).toBeLessThan(8);
  expect(await failuresWithin(60_000)).toBeLessThan(3);
  const waiting = pool.take(NEVER);
  await heard();
  launches.shift()?.fail();
  await expect(waiting).rejects.toThrow('no browser today');
});

test('a launch that began before somebody waited does not fail the waiter', async () => {
  const { pool, launches, come } = openPool({ min: 1, maxLaunches: 1 });
  await vi.advanceTimersByTimeAsync(1000);
  const waiting = pool.take(NEVER);
  await heard();
  launches.shift()?.fail();
  await heard();
  const browser = await come();
  expect(await waiting).toBe(browser);
});

test('after a failed launch the pool is filled at once when a launch succeeds again', async () => {
  const { pool, launches, come } = openPool({ min: 2, maxLaunches: 1 });
  launches.shift()?.fail();
  await heard();
  const waiting = pool.take(NEVER);
  await heard();
  await come();
  await waiting;
  await come();
  await come();
  expect(pool.idle).toBe(2);
});

test('the pool launches as many browsers ahead as there is memory for', () => {
  const { launches } = openPool({ min: 8, maxLaunches: 8, mayRefill: (others) => others < 3 });
  expect(launches).toHaveLength(3);
});

test('when memory is short no browser is launched ahead, and idle ones are killed', async () => {
  let isShort = false;
  const { pool, launches, come } = openPool({
    min: 2,
    mayRefill: () => !isShort,
    isShort: () => isShort,
  });
  const browsers = [await come(), await come()];
  isShort = true;
  await vi.advanceTimersByTimeAsync(4000);
  expect(browsers.every(({ killed }) => killed)).toBe(true);
  expect(launches).toHaveLength(0);
  const waiting = pool.take(NEVER);
  await heard();
  const browser = await come();
  expect(await waiting).toBe(browser);
});

test('a pool that closes refuses whoever waits, gives up launches and kills idle browsers', async () => {
  const { pool, launches, come } = openPool({ min: 1 });
  const idle = await come();
  await pool.take(NEVER);
  pool.giveBack(idle);
  const waiting = Promise.allSettled([pool.take(NEVER), pool.take(NEVER)]);
  await heard();
  await pool[Symbol.asyncDispose]();
  expect((await waiting).map(({ status }) => status)).toContain('rejected');
  expect(launches.every(({ hurry }) => hurry)).toBe(true);
  await expect(pool.take(NEVER)).rejects.toThrow('the pool is closed');
});

test('a pool that is paused gives up what is ready and launches for waiters alone, until it goes on', async () => {
  const { pool, launches, come } = openPool({ min: 2 });
  const first = await come();
  pool.pause();
  expect([first.killed, pool.idle]).toEqual([true, 0]);
  const late = await come();
  expect([late.killed, pool.idle]).toEqual([true, 0]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(launches).toHaveLength(0);
  const waiting = pool.take(NEVER);
  await heard();
  const wanted = await come();
  expect(await waiting).toBe(wanted);
  expect([wanted.killed, launches.length]).toEqual([false, 0]);
  pool.resume();
  expect(launches).toHaveLength(2);
});
