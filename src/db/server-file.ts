import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How long the processes of a server that was killed may take to be gone. */
const GONE_TIMEOUT_MS = 10_000;
const LOOK_MS = 20;
/** Columns of the kernel's table of shared memory: https://man7.org/linux/man-pages/man5/proc.5.html */
const SHMID = 1;
const ATTACHED = 6;

/**
 * What a Postgres that runs, or ran, says of itself in `postmaster.pid`:
 * https://github.com/postgres/postgres/blob/master/src/include/utils/pidfile.h
 */
export interface ServerFile {
  pid: number;
  /** `ready` once it takes connections. */
  status: string | undefined;
  /**
   * Whether the process of this id still is that server. A system uses process ids again, and soon
   * does in a container that restarts; Postgres takes any process of the id for its server.
   */
  isServer(): Promise<boolean>;
  /** Removes the file of a server that is gone, once none of its processes uses the data. */
  remove(): Promise<void>;
}

/** Resolves with undefined when there is no such file. */
export async function readServerFile(data: string): Promise<ServerFile | undefined> {
  const path = join(data, 'postmaster.pid');
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const shmid = lines[6]?.trim().split(/\s+/)[1];
  return {
    pid,
    status: lines[7]?.trim(),
    isServer: () => isServerOf(pid, data),
    remove: async () => {
      const late = performance.now() + GONE_TIMEOUT_MS;
      while ((await isAttached(shmid)) && performance.now() < late) await delay(LOOK_MS);
      if (await isAttached(shmid))
        throw new Error(`Processes of a server that is gone use ${data}.`);
      await rm(path, { force: true });
      await removeSocketLock(lines, pid);
    },
  };
}

/** The file beside a server's socket names the process too, and Postgres takes its word as well. */
async function removeSocketLock(lines: readonly string[], pid: number): Promise<void> {
  const [port, directory] = [lines[3]?.trim(), lines[4]?.trim()];
  if (!port || !directory) return;
  const lock = join(directory, `.s.PGSQL.${port}.lock`);
  const [owner] = (await readFile(lock, 'utf8').catch(() => '')).split('\n');
  if (owner === String(pid)) await rm(lock, { force: true });
}

/** Where the system shows no command lines, any process of the id is taken for the server. */
async function isServerOf(pid: number, data: string): Promise<boolean> {
  try {
    // A process that ended and was not collected has no command line.
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').includes(data);
  } catch {
    return process.platform !== 'linux' && isAlive(pid);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Tells as Postgres itself does whether a process is left: by a piece of memory that all share. */
async function isAttached(shmid: string | undefined): Promise<boolean> {
  const table = await readFile('/proc/sysvipc/shm', 'utf8').catch(() => '');
  const rows = table.split('\n').map((row) => row.trim().split(/\s+/));
  const row = rows.find((columns) => columns[SHMID] === shmid);
  return row !== undefined && Number(row[ATTACHED]) > 0;
}
