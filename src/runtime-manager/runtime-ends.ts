import { RuntimeError } from './errors.ts';
import type { BrowserExit } from './node/runtime-node.ts';
import type { RuntimeEnd } from './runtime-record.ts';
import type { RuntimeFailure } from './store.ts';

/** What clients are told in the close frame. */
export const LAST_WORDS = {
  requested: 'The runtime was stopped.',
  closed_by_client: 'The browser was closed.',
  workspace_deleted: 'The workspace of the runtime was deleted.',
  shutdown: 'The service is shutting down: the runtime was stopped.',
  idle: 'The runtime was stopped: it was idle for too long.',
  expired: 'The runtime was stopped: its time is over.',
  failed: 'The browser is gone: the runtime has failed.',
} as const;

export function abortReason(end: RuntimeEnd): RuntimeError {
  if (end.to === 'stopped' && end.reason === 'shutdown') {
    return new RuntimeError('service.shutting_down', 'The service is shutting down.');
  }
  return new RuntimeError('runtime.stopped', 'The runtime was stopped before it was ready.');
}

/** A browser only ends in good order when a client asks it to. */
export function endOf({ code, signal, hung }: BrowserExit): RuntimeEnd {
  if (hung) {
    const message = 'The browser did not answer any more and was ended.';
    return { to: 'failed', failure: { code: 'runtime.browser_hung', message } };
  }
  if (code === 0) return { to: 'stopped', reason: 'closed_by_client' };
  const message = `The browser exited by itself (${signal ?? `code ${code}`}).`;
  return { to: 'failed', failure: { code: 'runtime.browser_exited', message } };
}

export function failureOf(error: unknown): RuntimeFailure {
  return error instanceof RuntimeError
    ? { code: error.code, message: error.message }
    : { code: 'server.error', message: 'The runtime could not be started.' };
}

/** Others came in between again and again. */
export function changing(): RuntimeError {
  return new RuntimeError('service.unavailable', 'The runtime is just changing.');
}
