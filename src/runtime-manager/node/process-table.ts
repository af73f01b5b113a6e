import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A process as the kernel lists it: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export interface ProcessEntry {
  pid: number;
  parent: number;
  /** The name of the browser's directory that it works in. */
  directory: string;
  /** The program and its arguments. */
  command: string[];
}

/** How Chromium and its crash handlers name the directory they work in. */
const DIRECTORY_FLAGS = ['--user-data-dir=', '--database='];

/**
 * The live processes of browsers whose directories lie in one, whoever started them: their command
 * line names it, or their HOME lies in it. A pid alone would say nothing, since pids are used again.
 */
export async function processesUnder(root: string): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(pids.map((pid) => readEntry(pid, `${root}/`)));
  return entries.filter((entry) => entry !== undefined);
}

async function readEntry(pid: string, below: string): Promise<ProcessEntry | undefined> {
  try {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    const path = pathOf(command, below) ?? (await homeOf(pid));
    if (!path.startsWith(below)) return undefined;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const [directory = ''] = path.slice(below.length).split('/');
    return { pid: Number(pid), parent: Number(parent), directory, command };
  } catch {
    return undefined;
  }
}

function pathOf(command: string[], below: string): string | undefined {
  return DIRECTORY_FLAGS.flatMap((flag) =>
    command
      .filter((argument) => argument.startsWith(flag))
      .map((found) => found.slice(flag.length)),
  ).find((path) => path.startsWith(below));
}

/** Empty for processes of other users, and for those that hide it. */
async function homeOf(pid: string): Promise<string> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return /(?:^|\0)HOME=([^\0]*)/.exec(environment)?.[1] ?? '';
}

const GONE_TIMEOUT_MS = 5000;
const LOOK_MS = 20;

/**
 * Kills the processes of browsers in a directory, or of one of them, and throws when some do not
 * go. Resolves with those that there were.
 */
export async function killProcessesUnder(root: string, name?: string): Promise<ProcessEntry[]> {
  const look = async () => {
    const all = await processesUnder(root);
    return all.filter(({ directory }) => name === undefined || directory === name);
  };
  const found = await look();
  const late = Date.now() + GONE_TIMEOUT_MS;
  for (let left = found; left.length > 0; left = await look()) {
    if (Date.now() > late) throw new Error(`processes in ${root} do not end`);
    for (const { pid } of left) kill(pid);
    await delay(LOOK_MS);
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went by itself; one that stays is seen at the next look.
  }
}
