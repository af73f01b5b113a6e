import { readdir, readFile, readlink } from 'node:fs/promises';

export interface Process {
  pid: number;
  /** Z is a zombie: ended, but not yet collected by its parent. */
  state: string;
  command: string;
}

/** Live processes whose command line or environment names a text, such as a directory. */
export async function processesOf(text: string): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map(readProcess));
  return all.filter(
    (process) => process !== undefined && process.state !== 'Z' && process.command.includes(text),
  ) as Process[];
}

/** Throws where there is no such process: 0 would mean the group of the caller. */
export function sendSignal(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) throw new Error(`there is no process for ${signal}`);
  process.kill(pid, signal);
}

export function sendSignalToGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  sendSignal(leader === undefined ? undefined : -leader, signal);
}

async function readProcess(pid: string): Promise<Process | undefined> {
  try {
    const [stat, command, environment] = await Promise.all(
      ['stat', 'cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
    );
    const state = stat?.slice(stat.lastIndexOf(')') + 2)[0] ?? '?';
    return { pid: Number(pid), state, command: `${command}\0${environment}` };
  } catch {
    return undefined;
  }
}

const LISTEN = '0A';

/** The TCP ports a process listens on, as the kernel lists them. */
export async function listeningPorts(pid: number): Promise<number[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(
    descriptors.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')),
  );
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const rows = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).trim().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === LISTEN && inodes.has(inode))
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16));
}
