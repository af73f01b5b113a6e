import { readdir, readFile, readlink } from 'node:fs/promises';

export interface Process {
  pid: number;
  parent: number;
  /** Z is a zombie: ended, but not yet collected by its parent. */
  state: string;
  command: string;
}

/**
 * Live processes whose command line or environment names a text, such as a directory, and those that
 * descend from one of them.
 */
export async function processesOf(text: string): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map(readProcess));
  const live = new Map(
    all.flatMap((one) => (one === undefined || one.state === 'Z' ? [] : [[one.pid, one] as const])),
  );
  const belongs = (one: Process | undefined): boolean =>
    one !== undefined && (one.command.includes(text) || belongs(live.get(one.parent)));
  return [...live.values()].filter(belongs);
}

/** The main process of each Chromium among those of `processesOf`. */
export async function chromiumsOf(text: string): Promise<Process[]> {
  return (await processesOf(text)).filter(
    ({ command }) => /^[^\0]*\/chrom(?:e|ium)\0/.test(command) && !command.includes('\0--type='),
  );
}

/** Throws without a pid: 0 would mean the process group of the caller. */
export function sendSignal(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) throw new Error(`there is no process for ${signal}`);
  process.kill(pid, signal);
}

async function readProcess(pid: string): Promise<Process | undefined> {
  try {
    const [stat, command, environment] = await Promise.all(
      ['stat', 'cmdline', 'environ'].map((file) => readProcessFile(pid, file)),
    );
    const [state = '?', parent] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    return {
      pid: Number(pid),
      parent: Number(parent),
      state,
      command: `${command}\0${environment}`,
    };
  } catch {
    return undefined;
  }
}

/** The browsers that run in directories below a root, by the names of these. */
export async function browsersIn(root: string): Promise<Map<string, Process>> {
  const all = new Map((await processesOf(root)).map((one) => [one.pid, one]));
  const nameOf = (one: Process | undefined): string => {
    const [, name] = one?.command.split(`BCTRL_BROWSER_DIRECTORY=${root}/`) ?? [];
    return name?.split('\0', 1)[0] ?? (one ? nameOf(all.get(one.parent)) : '');
  };
  return new Map((await chromiumsOf(root)).map((one) => [nameOf(one), one]));
}

/** A file that may not be read counts as empty, such as the environment of a process that cannot be traced. */
async function readProcessFile(pid: string, name: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/${name}`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return '';
    throw error;
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
