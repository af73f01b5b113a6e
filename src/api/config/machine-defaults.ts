import { statfsSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';

/** What an open runtime takes of the machine, as measured with 100 open at pages of usual size. */
const RUNTIME_BYTES = 200 * 1024 ** 2;
/** More than one core launches while a client waits. */
const QUEUE_PER_CORE = 128;
const QUEUE_MIN = 200;
const SHARED_MEMORY = '/dev/shm';
const SHARED_MEMORY_MIN_BYTES = 1024 ** 3;

/** As many runtimes as fit into the memory of the machine, or of the group the service runs in. */
export function defaultMaxRuntimes(memoryFloorBytes: number): number {
  const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  return Math.max(1, Math.floor((memoryBytes - memoryFloorBytes) / RUNTIME_BYTES));
}

/** As many as may be served in time, and some more. */
export function defaultMaxQueue(): number {
  return Math.max(QUEUE_MIN, QUEUE_PER_CORE * availableParallelism());
}

/** Memory where there is enough: faster, and what an ephemeral browser wrote never reaches a disk. */
export function defaultBrowserDir(): string {
  try {
    const { bsize, blocks } = statfsSync(SHARED_MEMORY);
    return bsize * blocks >= SHARED_MEMORY_MIN_BYTES ? SHARED_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}
