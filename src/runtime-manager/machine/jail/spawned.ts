import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import type { ProcessExit } from './jail.ts';

/** Names the browser's directory in the environment of its first process, for whoever looks for it. */
export const DIRECTORY_VARIABLE = 'BCTRL_BROWSER_DIRECTORY';

/** Resolves with the child's process id. Throws when the child cannot be spawned. */
export async function spawned(child: ChildProcess): Promise<number> {
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error('a process was spawned without an id');
  return child.pid;
}

/** Settles when the child is gone, also when it never came to be. */
export function exitOf(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}
