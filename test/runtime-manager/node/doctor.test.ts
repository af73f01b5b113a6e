import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { examine } from '../../../src/runtime-manager/node/doctor.ts';
import { killGroup } from '../../../src/runtime-manager/machine/jail/process-group.ts';
import { processesUnder } from '../../../src/runtime-manager/machine/process-table.ts';

/** More than what is waited for between two looks, as on a machine that is busy. */
const LEAP_MS = 2000;

async function openNode() {
  const root = await mkdtemp(join(tmpdir(), 'bctrl-doctor-'));
  onTestFinished(() => rm(root, { recursive: true }));
  /** A process that works in a directory of the node and is a child of another one than the service. */
  const leave = async (directory: string) => {
    const command = `BCTRL_BROWSER_DIRECTORY=${root}/${directory} sleep 600 & echo; wait`;
    const shell = spawn('/bin/sh', ['-c', command], { detached: true });
    const end = () => killGroup(shell.pid ?? 0);
    onTestFinished(end);
    await once(shell.stdout, 'data');
    await expect.poll(() => processesUnder(root)).toHaveLength(1);
    return end;
  };
  /** `beforeLook` is called before each look at the node, which are told by their number. */
  const ask = (beforeLook: (nth: number) => Promise<void> = async () => undefined) => {
    let looks = 0;
    const listActive = async () => {
      await beforeLook(++looks);
      return [];
    };
    const store = { listActive, find: async () => undefined, move: async () => undefined };
    const place = { nodeId: 'n', root, filesRoot: join(root, 'none'), servicePid: process.pid };
    return byLeaps(() => examine({ store, ...place }));
  };
  return { root, leave, ask };
}

/** Does some work by a clock that leaps as soon as the work waits for it. */
async function byLeaps<T>(work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'], fakeNodeBuiltins: true });
  onTestFinished(() => void vi.useRealTimers());
  const over = new AbortController();
  const done = work().finally(() => over.abort());
  while (!over.signal.aborted) {
    if (vi.getTimerCount() > 0) await vi.advanceTimersByTimeAsync(LEAP_MS);
    else await nextTurn();
  }
  return done;
}

test('processes and directories that are about to go are no findings', async () => {
  const { root, leave, ask } = await openNode();
  const end = await leave('ending');
  const directory = join(root, 'left');
  await mkdir(directory);
  const { findings } = await ask(async (nth) => {
    if (nth !== 2) return;
    end();
    await expect.poll(() => processesUnder(root)).toEqual([]);
    await rm(directory, { recursive: true });
  });
  expect(findings).toEqual([]);
});

test('processes that stay are found', async () => {
  const { leave, ask } = await openNode();
  await leave('staying');
  expect((await ask()).findings).toEqual([
    {
      kind: 'orphan_processes',
      directory: 'staying',
      processes: [{ pid: expect.any(Number), program: 'sleep' }],
      ports: [],
    },
  ]);
});
