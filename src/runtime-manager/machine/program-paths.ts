import { open, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The paths of programs that run in jails, and of the parts that the programs find beside themselves. */
export async function programPaths(
  executables: readonly (string | undefined)[],
): Promise<string[]> {
  const given = executables.filter((path) => path !== undefined);
  const found = await Promise.all(given.map(pathsOf));
  return [...new Set(found.flat())];
}

/** A program finds its parts beside it; a script is one file, whatever else lies in its folder. */
async function pathsOf(path: string): Promise<string[]> {
  if (await isScript(path)) return [path];
  return [path, await realpath(path)].map((one) => dirname(one));
}

async function isScript(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  return buffer.toString('latin1') === '#!';
}
