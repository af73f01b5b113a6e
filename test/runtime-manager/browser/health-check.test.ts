import { expect, test } from 'vitest';
import { HealthCheck } from '../../../src/runtime-manager/browser/health-check.ts';

const TIMES = { intervalMs: 1, timeoutMs: 20, busyMultiple: 10 };
const never = () => new Promise<never>(() => undefined);
const until = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** The earliest moment at which a check calls a browser hung, in milliseconds after its start. */
async function hungAfter(
  activity: () => Promise<string | undefined>,
  ask: (signal: AbortSignal) => Promise<unknown> = until,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const began = performance.now();
  using _check = new HealthCheck({ ask, activity }, TIMES, resolve);
  await promise;
  return performance.now() - began;
}

test('a browser that neither answers nor works counts as hung', async () => {
  // The check does not use up the time that a busy browser is given.
  expect(await hungAfter(async () => 'the same', never)).toBeGreaterThanOrEqual(19);
});

test('a browser that works is given longer, but not for ever', async () => {
  let worked = 0;
  expect(await hungAfter(async () => String(worked++))).toBeGreaterThanOrEqual(199);
});

test('a browser whose work cannot be measured is given longer', async () => {
  expect(await hungAfter(async () => undefined)).toBeGreaterThanOrEqual(199);
});

test('a browser that the service holds still does not count as hung', async () => {
  const hung = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  let looks = 0;
  const activity = async () => {
    if (++looks === 4) looked.resolve();
    return 'the same';
  };
  using check = new HealthCheck({ ask: never, activity }, TIMES, hung.resolve);
  {
    using _held = check.pause();
    expect(await Promise.race([looked.promise, hung.promise.then(() => 'hung')])).toBe(undefined);
  }
  await hung.promise;
});
