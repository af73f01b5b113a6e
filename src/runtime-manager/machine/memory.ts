import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { freemem } from 'node:os';

const CGROUP = '/sys/fs/cgroup';

/**
 * Memory in bytes that could still be used without swapping: the kernel's own estimate
 * (MemAvailable), and within a container no more than its cgroup has left.
 */
export function availableMemory(): number {
  return Math.min(freemem(), cgroupMemoryLeft());
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files */
function cgroupMemoryLeft(): number {
  try {
    const max = readFileSync(`${CGROUP}/memory.max`, 'utf8').trim();
    if (max === 'max') return Infinity;
    const current = Number(readFileSync(`${CGROUP}/memory.current`, 'utf8'));
    const stat = readFileSync(`${CGROUP}/memory.stat`, 'utf8');
    // The kernel gives cached files back first.
    const cached = Number(/^inactive_file (\d+)$/m.exec(stat)?.[1] ?? 0);
    return Number(max) - current + cached;
  } catch {
    return Infinity;
  }
}

/**
 * The memory that processes use, in bytes. Of memory that several share, each counts its part
 * (PSS).
 * https://docs.kernel.org/filesystems/proc.html
 */
export async function memoryOf(processes: readonly { pid: number }[]): Promise<number> {
  let bytes = 0;
  // One after the other: the kernel walks all pages of a process for this.
  for (const { pid } of processes) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    bytes += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
  }
  return bytes;
}
