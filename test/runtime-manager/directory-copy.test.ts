import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DirectoryCopy } from '../../src/runtime-manager/storage/directory-copy.ts';

const FILES = 500;

/** What a directory holds, by path; null stands for a directory. */
async function contentOf(directory: string): Promise<Record<string, string | null>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const read = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const content = entry.isDirectory() ? null : await readFile(path, 'utf8');
    return [path.slice(directory.length + 1), content];
  });
  return Object.fromEntries(await Promise.all(read));
}

test('bringing a copy up to date writes the files that changed, and leaves the others', async () => {
  const root = await mkdtemp(join(tmpdir(), 'copied-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const from = join(root, 'data');
  const kept = join(from, 'Default');
  for (const name of ['many', 'gone', 'moved', 'Cache']) {
    await mkdir(join(kept, name), { recursive: true });
    await writeFile(join(kept, name, 'file'), name);
  }
  await writeFile(join(from, 'beside'), 'not of the state');
  for (let n = 0; n < FILES; n++) await writeFile(join(kept, 'many', String(n)), 'as it was');

  const packed = { part: 'Default', leftOut: ['Cache'] };
  await using copy = await DirectoryCopy.open(join(root, 'copy'), from, packed);
  await copy.update();
  const copied = await stat(join(copy.path, 'Default/many/1'));

  await rm(join(kept, 'gone'), { recursive: true });
  await rm(join(kept, 'many/2'));
  await rename(join(kept, 'moved'), join(kept, 'many/moved'));
  await writeFile(join(kept, 'many/3'), 'as it became');
  await writeFile(join(kept, 'many/new'), 'new');
  await copy.update();

  const expected = await contentOf(kept);
  delete expected['Cache'];
  delete expected['Cache/file'];
  expect(await contentOf(join(copy.path, 'Default'))).toEqual(expected);
  expect(await readdir(copy.path)).toEqual(['Default']);
  expect((await stat(join(copy.path, 'Default/many/1'))).ino).toBe(copied.ino);
  await rm(from, { recursive: true });
  await expect(copy.update()).rejects.toThrow('tar ended with 2');
});
