import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { examine } from '../../../src/runtime-manager/node/doctor.ts';
import { killGroup } from '../../../src/runtime-manager/machine/jail/process-group.ts';
import { processesUnder } from '../../../src/runtime-manager/machine/process-table.ts';

const NO_RUNTIMES = {
  listActive: async () => [],
  find: async () => undefined,
  move: async () => undefined,
};

async function openNode() {
  const root = await mkdtemp(join(tmpdir(), 'bctrl-doctor-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const place = { nodeId: 'n', root, filesRoot: join(root, 'none'), servicePid: process.pid };
  /** A process that works in a directory of the node and is a child of another one than the service. */
  const leave = async (directory: string, seconds: number) => {
    const command = `BCTRL_BROWSER_DIRECTORY=${root}/${directory} sleep ${seconds} & echo; wait`;
    const shell = spawn('/bin/sh', ['-c', command], { detached: true });
    onTestFinished(() => killGroup(shell.pid ?? 0));
    await once(shell.stdout, 'data');
    await expect.poll(() => processesUnder(root)).toHaveLength(1);
  };
  return { root, leave, ask: () => examine({ store: NO_RUNTIMES, ...place }) };
}

test('processes and directories that are about to go are no findings', async () => {
  const { root, leave, ask } = await openNode();
  await leave('ending', 2);
  const directory = join(root, 'left');
  await mkdir(directory);
  const asked = ask();
  await rm(directory, { recursive: true });
  expect((await asked).findings).toEqual([]);
});

test('processes that stay are found', async () => {
  const { leave, ask } = await openNode();
  await leave('staying', 600);
  expect((await ask()).findings).toEqual([
    {
      kind: 'orphan_processes',
      directory: 'staying',
      processes: [{ pid: expect.any(Number), program: 'sleep' }],
      ports: [],
    },
  ]);
});
