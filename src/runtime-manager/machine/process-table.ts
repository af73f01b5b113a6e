import { readdir, readFile } from 'node:fs/promises';
import { DIRECTORY_VARIABLE } from './jail/spawned.ts';

/** A process as the kernel lists it: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export interface ProcessEntry {
  pid: number;
  parent: number;
  /** The name of the browser directory that the process works in. */
  directory: string;
  /** The program and its arguments. */
  command: string[];
}

/** How Chromium and its crash handlers name the directory they work in. */
const DIRECTORY_FLAGS = ['--user-data-dir=', '--database='];
const VARIABLE = new RegExp(`(?:^|\\0)${DIRECTORY_VARIABLE}=([^\\0]*)`);

/**
 * The live processes of browsers whose directories lie in `root`, whoever started them: the command
 * line or the environment of the process, or of an ancestor, names such a directory. A pid alone
 * would say nothing, since pids are used again.
 */
export async function processesUnder(root: string): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readEntry(pid, `${root}/`)));
  const all = new Map(found.flatMap((entry) => (entry ? [[entry.pid, entry] as const] : [])));
  return [...all.values()].flatMap((entry) => {
    const directory = directoryOf(entry, all);
    return directory === undefined ? [] : { ...entry, directory };
  });
}

interface FoundEntry extends Omit<ProcessEntry, 'directory'> {
  directory: string | undefined;
}

/** The directory of the process itself, or of its closest ancestor that has one. */
function directoryOf(entry: FoundEntry, all: ReadonlyMap<number, FoundEntry>): string | undefined {
  for (let one: FoundEntry | undefined = entry; one; one = all.get(one.parent)) {
    if (one.directory !== undefined) return one.directory;
  }
  return undefined;
}

async function readEntry(pid: string, below: string): Promise<FoundEntry | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    const path = pathOf(command, below) ?? (await variableOf(pid));
    const [directory] = path.startsWith(below) ? path.slice(below.length).split('/') : [];
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

/** Empty for processes of other users, and for those that hide their environment. */
async function variableOf(pid: string): Promise<string> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return VARIABLE.exec(environment)?.[1] ?? '';
}
