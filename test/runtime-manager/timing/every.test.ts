import { expect, test } from 'vitest';
import { every } from '../../../src/runtime-manager/timing/every.ts';

const LONG_MS = 1_000_000;

test('work that is wanted soon while it is done is done once more, and not at once', async () => {
  let begun = 0;
  let atOnce = 0;
  const failures: unknown[] = [];
  const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const work = async () => {
    const gate = gates[begun++];
    atOnce++;
    await gate?.promise;
    atOnce--;
  };
  using timer = every(LONG_MS, work, (error) => failures.push(error));
  timer.soon();
  for (let i = 0; i < 5; i++) timer.soon();
  expect([begun, atOnce]).toEqual([1, 1]);
  // A failure does not keep it from what was wanted.
  gates[0]?.reject(new Error('failed'));
  await expect.poll(() => begun).toBe(2);
  expect(failures).toHaveLength(1);
  gates[1]?.resolve();
  timer.soon();
  await expect.poll(() => begun).toBe(3);
  gates[2]?.resolve();
});
