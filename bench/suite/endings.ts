import { setTimeout as sleep } from 'node:timers/promises';
import { descendants } from './process-tree.ts';

const KILL_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** What has to be undone should the suite be ended before it does so itself. */
const open = new Set<() => Promise<unknown>>();
const ending = new AbortController();

/**
 * Undone at the latest when the process is told to end. Resolves once it is undone, which it is
 * once. Throws when the process ends already, and undoes it.
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
 * Ends the process, and first all that it started, on a signal, on an error that nobody catches, or
 * when it takes too long. `report` is called then. The signal tells that it ends.
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
