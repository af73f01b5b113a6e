import { setTimeout as sleep } from 'node:timers/promises';
import { descendants } from './process-tree.ts';

const KILL_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** What has to be undone if the suite is ended before it undoes it itself. */
const open = new Set<() => Promise<unknown>>();
const ending = new AbortController();

/**
 * Calls `undo` once, at the latest when the process is told to end, and resolves then. Throws when
 * the process is ending already, and calls `undo`.
 */
export function undoAtEnd(undo: () => Promise<unknown>): () => Promise<void> {
  const { promise: undone, resolve, reject } = Promise.withResolvers<void>();
  undone.catch(() => undefined);
  const once = async () => {
    if (open.delete(once)) await undo().then(() => resolve(), reject);
    return undone;
  };
  open.add(once);
  if (!ending.signal.aborted) return once;
  void once();
  throw new Error('the suite ends');
}

/**
 * Ends everything that the process started, then the process, on a signal, on an uncaught error, or
 * after `timeoutMs`; calls `report` then. The returned signal aborts when the process ends.
 */
export function boundBy(timeoutMs: number, report: () => Promise<void>): AbortSignal {
  const endWith = (why: string, exitCode: number) => {
    if (!ending.signal.aborted) void end(why, exitCode, report);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => endWith(`ended by ${signal}`, 130));
  }
  process.on('uncaughtException', (error) => {
    console.error(error);
    endWith('ended by an error that nobody expected', 1);
  });
  setTimeout(() => endWith(`not done after ${timeoutMs / 1000} s`, 1), timeoutMs).unref();
  return ending.signal;
}

async function end(why: string, exitCode: number, report: () => Promise<void>): Promise<void> {
  ending.abort();
  console.error(why);
  await Promise.allSettled([report(), ...[...open].map((undo) => undo())]);
  await endDescendants();
  process.exit(exitCode);
}

/** What was only being started was in nobody's hands yet. */
async function endDescendants(): Promise<void> {
  const until = performance.now() + KILL_AFTER_MS;
  signalDescendants('SIGTERM');
  while (descendants(process.pid).length > 0 && performance.now() < until) {
    await sleep(LOOK_EVERY_MS);
  }
  signalDescendants('SIGKILL');
}

function signalDescendants(signal: NodeJS.Signals): void {
  for (const { pid } of descendants(process.pid)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It is gone already.
    }
  }
}
