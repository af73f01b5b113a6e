import { readdirSync, readFileSync } from 'node:fs';
import { processesOf } from '../../test/support/processes.ts';

const KB_PER_MB = 1024;

interface ProcessTime {
  pid: number;
  parent: number;
  /** What it has used of the cores, in hundredths of a second. */
  ticks: number;
}

/** In MB. `private` is what would be free again if the processes were gone (USS). */
export interface Memory {
  private: number;
  /** With the shared part of each page divided among those who share it. */
  proportional: number;
}

/** The processes below one. */
export function descendants(root: number): ProcessTime[] {
  const byParent = Map.groupBy(allProcesses(), ({ parent }) => parent);
  const below = (pid: number): ProcessTime[] =>
    (byParent.get(pid) ?? []).flatMap((child) => [child, ...below(child.pid)]);
  return below(root);
}

/** Of all processes whose command line or environment names the directory. */
export async function memoryOf(directory: string): Promise<Memory> {
  const memory = { private: 0, proportional: 0 };
  for (const { pid } of await processesOf(directory)) {
    const rollup = readOrNothing(`/proc/${pid}/smaps_rollup`);
    memory.private += megabytes(rollup, 'Private_Clean') + megabytes(rollup, 'Private_Dirty');
    memory.proportional += megabytes(rollup, 'Pss');
  }
  return memory;
}

/** The resident memory of one process (RSS), in MB. */
export function residentMb(pid: number): number {
  return megabytes(readOrNothing(`/proc/${pid}/status`), 'VmRSS');
}

function allProcesses(): ProcessTime[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const stat = readOrNothing(`/proc/${pid}/stat`);
      // Behind the name, which may hold anything: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (stat === '') return [];
      const ticks = Number(fields[11]) + Number(fields[12]);
      return [{ pid: Number(pid), parent: Number(fields[1]), ticks }];
    });
}

function megabytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / KB_PER_MB;
}

/** A process that is gone has nothing to read. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
