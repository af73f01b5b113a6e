import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { processesUnder, type ProcessEntry } from './process-table.ts';

const GONE_TIMEOUT_MS = 5000;
const LOOK_MS = 20;

/**
 * Kills the processes of all browsers in `root`, or of the browser `name`. Throws when some do not
 * exit. Resolves with the processes that there were.
 */
export async function killProcessesUnder(root: string, name?: string): Promise<ProcessEntry[]> {
  const look = async () => {
    const all = await processesUnder(root);
    return all.filter(({ directory }) => name === undefined || directory === name);
  };
  const found = await look();
  const late = performance.now() + GONE_TIMEOUT_MS;
  for (let left = found; left.length > 0; left = await look()) {
    if (performance.now() > late) throw new Error(`processes in ${root} do not end`);
    for (const { pid } of left) kill(pid);
    await delay(LOOK_MS);
  }
  return found;
}

/**
 * Kills all descendants of a process, where the kernel lists processes. Waits for nothing, since
 * this is what is left to do when there is no more time.
 */
export function killDescendants(pid: number): void {
  const pids = list('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map(pids.map((one) => [Number(one), parentOf(one)] as const));
  const descends = (one: number | undefined): boolean =>
    one !== undefined && (one === pid || descends(parents.get(one)));
  for (const [one, parent] of parents) if (descends(parent)) kill(one);
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(parent);
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process exited by itself; one that stays is found by the next look.
  }
}
