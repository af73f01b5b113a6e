import { expect, test } from 'vitest';
import { Backoff } from '../../../src/runtime-manager/timing/backoff.ts';
import { retry } from '../../../src/runtime-manager/timing/retry.ts';

const DELAYS = { minMs: 1, maxMs: 4 };

test('delays double up to the maximum, and start again after a success', () => {
  const backoff = new Backoff({ minMs: 100, maxMs: 500 });
  const next = (count: number) => Array.from({ length: count }, () => backoff.next());
  expect(next(5)).toEqual([100, 200, 400, 500, 500]);
  backoff.reset();
  expect(next(2)).toEqual([100, 200]);
});

test('work is retried until it succeeds, and every failure is reported', async () => {
  const failures: unknown[] = [];
  let calls = 0;
  const work = async () => {
    if (++calls < 4) throw calls;
    return 'done';
  };
  expect(await retry(work, { ...DELAYS, onFailure: (error) => failures.push(error) })).toBe('done');
  expect(failures).toEqual([1, 2, 3]);
});

test('retrying ends when the signal aborts, also during the work', async () => {
  const failures: unknown[] = [];
  for (const isDuringWork of [true, false]) {
    const closing = new AbortController();
    const work = async () => {
      if (isDuringWork) closing.abort();
      throw new Error('away');
    };
    const onFailure = (error: unknown) => {
      failures.push(error);
      closing.abort();
    };
    const tried = retry(work, { minMs: 60_000, maxMs: 60_000, onFailure, signal: closing.signal });
    await expect(tried).rejects.toMatchObject({ name: 'AbortError' });
  }
  expect(failures).toEqual([new Error('away')]);
});
