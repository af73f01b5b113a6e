import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isDataDirectoryInUse, openDataDirectory } from '../../../src/api/config/data-directory.ts';

async function freshPath(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'bctrl-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  return join(parent, 'data');
}

test('only one service holds a data directory at a time', async () => {
  const path = await freshPath();
  {
    using held = await openDataDirectory(path);
    await expect(openDataDirectory(path)).rejects.toThrow('Another bctrl is running on');
    expect(await isDataDirectoryInUse(held.path)).toBe(true);
  }
  expect(await isDataDirectoryInUse(path)).toBe(false);
});

test('the data directory is private to the user, and the node keeps its id', async () => {
  const path = await freshPath();
  const ids = [];
  for (let start = 0; start < 2; start++) {
    using directory = await openDataDirectory(path);
    ids.push(directory.nodeId);
  }
  expect(ids[0]).toBe(ids[1]);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});
