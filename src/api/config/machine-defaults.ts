import { statfsSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';

/** The memory that an open runtime takes, as measured with 100 of them at pages of usual size. */
const RUNTIME_BYTES = 200 * 1024 ** 2;
/** More requests than one core launches browsers for while a client waits. */
const QUEUE_PER_CORE = 128;
const QUEUE_MIN = 200;
const SHARED_MEMORY = '/dev/shm';
const SHARED_MEMORY_MIN_BYTES = 1024 ** 3;

/** As many runtimes as fit into the memory of the machine, or of the group the service runs in. */
export function defaultMaxRuntimes(memoryFloorBytes: number): number {
  const memoryBytes = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  return Math.max(1, Math.floor((memoryBytes - memoryFloorBytes) / RUNTIME_BYTES));
}

/** As many requests as may be served in time, and some more. */
export function defaultMaxQueue(): number {
  return Math.max(QUEUE_MIN, QUEUE_PER_CORE * availableParallelism());
}

/**
 * Shared memory where there is enough: it is faster, and what an ephemeral browser wrote never
 * reaches a disk.
 */
export function defaultBrowserDir(): string {
  try {
    const { bsize, blocks } = statfsSync(SHARED_MEMORY);
    return bsize * blocks >= SHARED_MEMORY_MIN_BYTES ? SHARED_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}
