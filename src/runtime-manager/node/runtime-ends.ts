import { RuntimeError } from '../errors.ts';
import type { BrowserExit, KillReason } from '../machine/browser-machine.ts';
import { stoppedEarly, type RuntimeEnd } from './runtime-record.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { failure, type RuntimeFailure } from '../runtime/failures.ts';

const ENDS_KEPT = 1000;

/** What clients are told in the close frame, and when they come back. */
export const CLOSE_REASONS = {
  requested: 'The runtime was stopped.',
  closed_by_client: 'The browser was closed.',
  workspace_deleted: 'The workspace of the runtime was deleted.',
  shutdown: 'The service is shutting down: the runtime was stopped.',
  idle: 'The runtime was stopped: it was idle for too long.',
  expired: 'The runtime was stopped: its time is over.',
  drained: 'The runtime was stopped: its machine was drained.',
  failed: 'The browser is gone: the runtime has failed.',
} as const;

/** How the runtimes that ended last did end, for clients that come back. */
export class RecentEnds {
  readonly #words = new Map<string, string>();

  add(runtimeId: string, words: string): void {
    this.#words.delete(runtimeId);
    this.#words.set(runtimeId, words);
    const [oldest = ''] = this.#words.keys();
    if (this.#words.size > ENDS_KEPT) this.#words.delete(oldest);
  }

  find(runtimeId: string): string | undefined {
    return this.#words.get(runtimeId);
  }
}

export function abortReason(end: RuntimeEnd): RuntimeError {
  if (end.to === 'stopped' && end.reason === 'shutdown') {
    return new RuntimeError('service.shutting_down', 'The service is shutting down.');
  }
  if (end.to === 'stopped' && end.reason === 'drained') return draining();
  return stoppedEarly();
}

const KILLED = {
  hung: failure('runtime.browser_hung'),
  disk_limit: failure('runtime.disk_limit'),
} as const satisfies Record<KillReason, RuntimeFailure>;

/** A browser exits in good order only when a client asks it to. */
export function endOf({ code, signal, killedFor }: BrowserExit): RuntimeEnd {
  if (killedFor !== undefined) return { to: 'failed', failure: KILLED[killedFor] };
  if (code === 0) return { to: 'stopped', reason: 'closed_by_client' };
  return { to: 'failed', failure: failure('runtime.browser_exited', signal ?? `code ${code}`) };
}

/** The error for a request that needs the browser of a runtime which is over. */
export function notActive({ stopReason }: Pick<Runtime, 'stopReason'>): RuntimeError {
  return new RuntimeError('runtime.not_active', CLOSE_REASONS[stopReason ?? 'failed']);
}

export function connectionNotFound(): RuntimeError {
  return new RuntimeError('connection.not_found', 'There is no such connection.');
}

/** The error for a request that only another machine may carry out. */
export function draining(): RuntimeError {
  const message = 'The machine is being drained: it takes no more runtimes.';
  return new RuntimeError('service.shutting_down', message, { retryAfterSeconds: 1 });
}

/** Other requests came in between again and again. */
export function changing(): RuntimeError {
  return new RuntimeError(
    'service.unavailable',
    'The runtime is being changed by another request.',
  );
}
