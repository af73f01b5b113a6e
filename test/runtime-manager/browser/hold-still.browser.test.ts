import { expect, onTestFinished, test } from 'vitest';
import { launchConfined } from '../../../src/runtime-manager/machine/confined-browser.ts';
import { NO_PROFILE } from '../../../src/runtime-manager/machine/probe.ts';
import { openGates } from '../../support/uninspected.ts';

const HELD_MS = 2000;

test('a browser that was held still for too long goes on, and counts as healthy', async () => {
  const { settings, egress } = await openGates();
  const healthCheck = { intervalMs: 100, timeoutMs: HELD_MS / 4, busyMultiple: 100 };
  const signal = AbortSignal.timeout(60_000);
  const { browser } = await launchConfined(
    { ...settings, healthCheck },
    NO_PROFILE,
    egress,
    signal,
  );
  onTestFinished(() => browser.kill());
  let given: AbortSignal | undefined;
  const held = browser.holdStill((late) => {
    given = late;
    return new Promise(() => undefined);
  }, HELD_MS);
  const answered = browser.version(signal).then(() => 'answered');
  expect(await Promise.race([answered, held.catch(() => 'held')])).toBe('held');
  await expect(held).rejects.toThrow(/timeout/);
  expect(given?.aborted).toBe(true);
  expect(await answered).toBe('answered');

  // A browser that has exited cannot be held still, and that is no error.
  await browser.kill();
  await browser.holdStill(async () => undefined, HELD_MS);
});
