import { expect, test } from 'vitest';
import { SharedWork } from '../../../src/runtime-manager/timing/shared-work.ts';

/** Work that the test carries out. */
function startWork() {
  const done = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const work = (over: AbortSignal) => {
    signals.push(over);
    return done.promise;
  };
  return { work, signals, ...done };
}
const stays = new AbortController().signal;

test('whoever asks for the same meanwhile gets the same, and later it is done again', async () => {
  const shared = new SharedWork<string>();
  const first = startWork();
  const both = Promise.all(['a', 'a'].map((key) => shared.join(key, stays, first.work)));
  const other = shared.join('b', stays, async () => 'another');
  first.resolve('one');
  expect([await both, await other]).toEqual([['one', 'one'], 'another']);
  expect(first.signals).toHaveLength(1);
  expect(await shared.join('a', stays, async () => 'two')).toBe('two');
});

test('work goes on while somebody waits, and is given up when nobody does', async () => {
  const shared = new SharedWork<string>();
  const { work, signals } = startWork();
  const [one, other] = [new AbortController(), new AbortController()];
  const results = [one, other].map(({ signal }) => shared.join('a', signal, work).catch(String));
  one.abort('one left');
  expect(await results[0]).toBe('one left');
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  other.abort('the other left');
  await results[1];
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  expect(await shared.join('a', stays, async () => 'anew')).toBe('anew');
});

test('a failure is that of all who wait', async () => {
  const shared = new SharedWork<string>();
  const { work, reject } = startWork();
  const results = ['a', 'a'].map((key) => shared.join(key, stays, work).catch(String));
  reject('it failed');
  expect(await Promise.all(results)).toEqual(['it failed', 'it failed']);
});
