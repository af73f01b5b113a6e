import { expect, onTestFinished, test } from 'vitest';
import { untilAborted } from '../../../src/runtime-manager/timing/until-aborted.ts';

test('what fails after it was given up, or was never wanted, is no unhandled rejection', async () => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => unheard.push(reason);
  process.on('unhandledRejection', hear);
  onTestFinished(() => void process.off('unhandledRejection', hear));
  for (const signal of [AbortSignal.abort(new Error('gone')), AbortSignal.timeout(1)]) {
    const { promise, reject } = Promise.withResolvers<never>();
    await expect(untilAborted(promise, signal)).rejects.toThrow(/gone|timeout/);
    reject(new Error('late'));
  }
  // Node tells of them once all microtasks are done.
  await new Promise((resolve) => setImmediate(resolve));
  expect(unheard).toEqual([]);
});

test('what is done in time is what it resolves with', async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(7), signal)).toBe(7);
});
