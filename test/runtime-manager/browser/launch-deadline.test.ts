import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import {
  openDeadline,
  TooSlowError,
} from '../../../src/runtime-manager/browser/launch-deadline.ts';
import { cpuTimeOf } from '../../../src/runtime-manager/machine/jail/cpu-time.ts';
import { killGroup } from '../../../src/runtime-manager/machine/jail/process-group.ts';

const LIMIT_MS = 10_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A launch whose processes use the processor as the test says. */
function openLaunch(hurry?: AbortSignal) {
  let usedMs = 0;
  const deadline = openDeadline(LIMIT_MS, hurry, async () => usedMs);
  onTestFinished(() => deadline[Symbol.dispose]());
  deadline.watch(1);
  const pass = async (ms: number, perSecondMs = 0) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      usedMs += perSecondMs;
      await vi.advanceTimersByTimeAsync(1000);
    }
    return deadline.signal.aborted;
  };
  return { pass, signal: deadline.signal };
}

test('a launch that does nothing is given up after the limit', async () => {
  const { pass, signal } = openLaunch();
  expect(await pass(LIMIT_MS - 1000)).toBe(false);
  expect(await pass(1000)).toBe(true);
  expect(signal.reason).not.toBeInstanceOf(TooSlowError);
});

test('a launch that works goes on, until it is given up as slow', async () => {
  const { pass, signal } = openLaunch();
  expect(await pass(5 * LIMIT_MS, 20)).toBe(false);
  expect(await pass(LIMIT_MS, 20)).toBe(true);
  expect(signal.reason).toBeInstanceOf(TooSlowError);
});

test('a launch that stops working is given up', async () => {
  const { pass, signal } = openLaunch();
  expect(await pass(2 * LIMIT_MS, 20)).toBe(false);
  expect(await pass(4000)).toBe(true);
  expect(signal.reason).not.toBeInstanceOf(TooSlowError);
});

test('a launch at low priority has no limit until it is in a hurry', async () => {
  const hurry = new AbortController();
  const { pass } = openLaunch(hurry.signal);
  expect(await pass(10 * LIMIT_MS)).toBe(false);
  hurry.abort();
  expect(await pass(LIMIT_MS - 1000)).toBe(false);
  expect(await pass(1000)).toBe(true);
});

test('the processor time of a process includes that of its children', async () => {
  vi.useRealTimers();
  const shell = spawn('/bin/sh', ['-c', 'while :; do :; done & wait'], { detached: true });
  const { pid = 0 } = shell;
  onTestFinished(() => killGroup(pid));
  await expect.poll(() => cpuTimeOf(pid), { timeout: 30_000 }).toBeGreaterThan(50);
});
