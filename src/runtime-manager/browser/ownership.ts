import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * Gives a directory and everything in it to a user. Uses the system's `chown`, which follows no
 * link and is several times faster than as many calls from here.
 */
export async function giveTo(owner: { uid: number; gid: number }, path: string): Promise<void> {
  await promisify(execFile)('chown', ['-R', '-h', `${owner.uid}:${owner.gid}`, path]);
}
