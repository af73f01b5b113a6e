import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** The nice value with which a group gets a tenth of what others get, where there is not enough for all. */
const LOW = 10;
const NORMAL = 0;
/** From a process without privileges, the kernel takes ten changes a second. */
const RETRY_MS = 100;
const RETRIES = 50;

/** Ends every process of a group now. A group that is already gone is fine. */
export function killGroup(groupId: number): void {
  yieldGroup(groupId);
  signalGroup(groupId, 'SIGKILL');
}

/** Sends a signal to every process of a group. A group that is already gone is fine. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return;
    throw error;
  }
}

/** Lowers a group's priority: giving its memory back is work for the kernel that nobody waits for. */
export function yieldGroup(groupId: number): void {
  setPriority(groupId, LOW);
}

/** Lowers a group's priority until `hurry` aborts. */
export function yieldUntil(groupId: number, hurry: AbortSignal): void {
  if (hurry.aborted || setPriority(groupId, LOW) !== 'set') return;
  hurry.addEventListener('abort', () => void restorePriority(groupId), { once: true });
}

async function restorePriority(groupId: number): Promise<void> {
  for (let n = 0; n < RETRIES; n++) {
    if (setPriority(groupId, NORMAL) !== 'later') return;
    await delay(RETRY_MS, undefined, { ref: false });
  }
}

/**
 * Sets the priority of a whole session, where the kernel groups processes by sessions: on Linux,
 * outside of containers with processor limits of their own. Elsewhere nothing changes.
 * https://man7.org/linux/man-pages/man7/sched.7.html (the autogroup feature)
 */
function setPriority(groupId: number, nice: number): 'set' | 'later' | 'unavailable' {
  try {
    writeFileSync(`/proc/${groupId}/autogroup`, String(nice));
    return 'set';
  } catch (error) {
    const isBusy = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
    return isBusy ? 'later' : 'unavailable';
  }
}
