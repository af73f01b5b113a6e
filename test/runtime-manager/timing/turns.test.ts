import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from '../../../src/runtime-manager/timing/turns.ts';

test('work is done so much at once, in its order, also after a failure', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends = [0, 1, 2, 3].map(() => Promise.withResolvers<number>());
  const results = ends.map(({ promise }, nth) =>
    turns.take(() => {
      begun.push(nth);
      return promise;
    }),
  );
  expect(begun).toEqual([0, 1]);
  ends[1]?.reject(new Error('it failed'));
  await expect(results[1]).rejects.toThrow('it failed');
  await turn();
  expect(begun).toEqual([0, 1, 2]);
  for (const nth of [0, 2, 3]) ends[nth]?.resolve(nth);
  expect(await Promise.all([results[0], results[2], results[3]])).toEqual([0, 2, 3]);
});
