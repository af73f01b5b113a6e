import { readdir, readFile } from 'node:fs/promises';

/** The kernel tells times in hundredths of a second, whatever unit it counts in itself. */
const TICK_MS = 10;
/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, counted from the state on. */
const PARENT = 1;
const TIMES = [11, 12, 13, 14];

interface Used {
  pid: number;
  parent: number;
  ms: number;
}

/** The CPU time that a process and its descendants used, in ms; 0 where the kernel does not tell. */
export async function cpuTimeOf(pid: number): Promise<number> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const read = await Promise.all(pids.map((one) => usedBy(one)));
  const all = read.filter((one) => one !== undefined);
  const children = Map.groupBy(all, ({ parent }) => parent);
  const own = all.find((one) => one.pid === pid);
  return own ? sum(own, children) : 0;
}

function sum({ pid, ms }: Used, children: ReadonlyMap<number, Used[]>): number {
  return (children.get(pid) ?? []).reduce((total, child) => total + sum(child, children), ms);
}

async function usedBy(pid: string): Promise<Used | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = TIMES.reduce((total, at) => total + Number(fields[at]), 0);
  return { pid: Number(pid), parent: Number(fields[PARENT]), ms: ticks * TICK_MS };
}
