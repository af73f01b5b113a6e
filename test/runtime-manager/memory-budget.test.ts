import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DIRECTORY_VARIABLE } from '../../src/runtime-manager/machine/jail/spawned.ts';
import { MemoryBudget } from '../../src/runtime-manager/machine/memory-budget.ts';

test('a few of many browsers are measured at a time, and show how much memory all take', async () => {
  const root = await mkdtemp(join(tmpdir(), 'bctrl-memory-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const begin = (name: string) => {
    const env = { PATH: process.env['PATH'], [DIRECTORY_VARIABLE]: join(root, name) };
    const child = spawn('sleep', ['1000'], { env, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };
  const children = Array.from({ length: 25 }, (_, at) => begin(`b${at}`));
  using budget = new MemoryBudget({ root, floorBytes: 0, browserBytes: 1e9 });
  await budget.measure();
  const first = budget.allBrowsersBytes;
  expect(first).toBeGreaterThan(25 * 50_000);
  expect(first).toBeLessThan(25 * 10_000_000);
  await budget.measure();
  await budget.measure();
  for (const child of children.slice(0, 20)) child.kill('SIGKILL');
  await expect
    .poll(async () => {
      await budget.measure();
      return budget.allBrowsersBytes;
    })
    .toBeLessThan(first / 3);
});
