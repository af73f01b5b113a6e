import { expect, onTestFinished, test } from 'vitest';
import { untilAborted } from '../../../src/runtime-manager/timing/until-aborted.ts';

test('a promise that fails after the abort is no unhandled rejection', async () => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => unheard.push(reason);
  process.on('unhandledRejection', hear);
  onTestFinished(() => void process.off('unhandledRejection', hear));
  for (const signal of [AbortSignal.abort(new Error('gone')), AbortSignal.timeout(1)]) {
    const { promise, reject } = Promise.withResolvers<never>();
    await expect(untilAborted(promise, signal)).rejects.toThrow(/gone|timeout/);
    reject(new Error('late'));
  }
  // Node reports unhandled rejections once all microtasks are done.
  await new Promise((resolve) => setImmediate(resolve));
  expect(unheard).toEqual([]);
});

test('a promise that is fulfilled before the abort gives its value', async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve(7), signal)).toBe(7);
});
