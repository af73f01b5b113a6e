import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The bits that let a file be executed, also with the rights of its owner. */
const EXECUTABLE = 0o7111;
const DIRECTORY_MODE = 0o700;

/**
 * Leaves only files and directories below a directory: nothing that leads anywhere else, that
 * speaks to anything, or that is executed. A file with a second name is removed too, since that
 * name may lie anywhere on the disk. `isLeftOut` tells which other paths below the directory are
 * removed.
 */
export async function keepPlainFiles(
  directory: string,
  isLeftOut: (path: string) => boolean,
): Promise<void> {
  await assertDirectory(directory);
  await keepPlainBelow(directory, '', isLeftOut);
}

/** Throws for what is no directory, such as a link to one. */
export async function assertDirectory(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) throw new Error(`${path} is no directory`);
}

async function keepPlainBelow(
  root: string,
  below: string,
  isLeftOut: (path: string) => boolean,
): Promise<void> {
  const names = await readdir(join(root, below));
  await Promise.all(
    names.map(async (name) => {
      const relative = join(below, name);
      const path = join(root, relative);
      const stats = await lstat(path);
      const isPlain = stats.isDirectory() || (stats.isFile() && stats.nlink === 1);
      if (!isPlain || isLeftOut(relative)) {
        await rm(path, { recursive: true, force: true });
      } else if (stats.isDirectory()) {
        if ((stats.mode & DIRECTORY_MODE) !== DIRECTORY_MODE) await chmod(path, DIRECTORY_MODE);
        await keepPlainBelow(root, relative, isLeftOut);
      } else if ((stats.mode & EXECUTABLE) !== 0) await chmod(path, stats.mode & 0o666);
    }),
  );
}
