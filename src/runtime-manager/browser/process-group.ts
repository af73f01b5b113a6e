import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;

/** Ends every process of a group now. A group that is already gone is fine. */
export function killGroup(groupId: number): void {
  signalGroup(groupId, 'SIGKILL');
}

/** Resolves when no process of the group is left, or with false after `timeoutMs`. */
export async function waitForGroupExit(groupId: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (signalGroup(groupId, 0)) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
