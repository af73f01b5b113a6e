import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The first of the commands that is in a directory of the search path. */
export async function findExecutable(
  commands: string[],
  searchPath: string,
): Promise<string | undefined> {
  const directories = searchPath.split(delimiter).filter((directory) => directory !== '');
  return firstExecutable(
    commands.flatMap((name) => directories.map((directory) => join(directory, name))),
  );
}

export async function firstExecutable(paths: string[]): Promise<string | undefined> {
  for (const path of paths) if (await isExecutable(path)) return path;
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
