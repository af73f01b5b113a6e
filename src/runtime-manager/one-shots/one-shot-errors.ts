import { CdpTooLarge } from '../browser/cdp/cdp-pipe.ts';
import { RuntimeError } from '../errors.ts';
import type { EgressFailure } from './egress-failures.ts';

/** What a one-shot was at when its time was over. */
export type Stage = 'start' | 'load' | 'work';

const STAGES: Record<Stage, string> = {
  start: 'There was no browser in time.',
  load: 'The page was not ready in time.',
  work: 'The page did not answer in time: its scripts are busy.',
};

interface LoadFailure {
  /** Chromium's, such as `net::ERR_NAME_NOT_RESOLVED`. */
  error?: string | undefined;
  /** What became of the connection, if that was it. */
  egress?: EgressFailure | undefined;
  why?: string;
}

export function loadFailed(
  url: string | undefined,
  { error, egress, why }: LoadFailure,
): RuntimeError {
  const usual = egress?.isRefused
    ? 'The browser may not reach the address.'
    : 'The page could not be loaded.';
  const details = {
    url,
    ...(error !== undefined && { error }),
    ...(egress && { egress: egress.code }),
  };
  return new RuntimeError('page.load_failed', why ?? usual, { details });
}

export function timedOut(stage: Stage, timeoutMs: number, cause?: unknown): RuntimeError {
  const details = { stage, timeoutMs };
  return new RuntimeError('page.timeout', STAGES[stage], { details, cause });
}

/** `path` is where the order names the selector. */
export function selectorNotFound(path: string, selector: string): RuntimeError {
  const message = `No element of the page matches ${path}, or none that has a size.`;
  return new RuntimeError('page.selector_not_found', message, { details: { path, selector } });
}

/** Only the browser can tell that an option is not valid. */
export function invalidOption(path: string, reason: string): RuntimeError {
  const message = `The request is not valid: ${path}: ${reason}`;
  return new RuntimeError('page.invalid_option', message, { details: { path, reason } });
}

/** `limit` is what it may be at most. */
export function tooLarge(what: string, limit: string): RuntimeError {
  return new RuntimeError('page.too_large', `${what} is larger than ${limit}.`, {
    details: { limit },
  });
}

export function pageCrashed(cause?: unknown): RuntimeError {
  return new RuntimeError('page.crashed', 'The page crashed, or closed itself.', { cause });
}

/** Whether Chromium's answer was larger than the service reads. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof CdpTooLarge;
}
