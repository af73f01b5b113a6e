import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs, retryAfterMs } from './backoff.ts';
import { BctrlError, errorOf } from './bctrl-error.ts';
import { IDEMPOTENCY_KEY, withKey } from './idempotency.ts';

type Send = (request: Request) => Promise<Response>;

export interface RetryOptions {
  apiKey: string;
  /** How often to send a request again that failed or was refused for now. */
  retries: number;
  fetch: Send;
}

/** Refusals that begin nothing, so that any request may be sent again. */
const REFUSED_FOR_NOW = new Set([429, 503]);
/** What a proxy in between answers when it lost the service. */
const LOST = new Set([502, 504]);
const REPEATABLE = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/**
 * Sends requests with the API key. A request that did not arrive, or that is refused for now, is sent
 * again, with more and more time between tries, or as much as `Retry-After` asks for. A request that
 * may have been carried out is sent again only if that does no harm: it has an `Idempotency-Key`, or
 * its method is idempotent. Every other failure is thrown as a `BctrlError`.
 */
export function retryingFetch({ apiKey, retries, fetch }: RetryOptions): Send {
  return async (given) => {
    const request = withKey(given);
    request.headers.set('authorization', `Bearer ${apiKey}`);
    for (let tries = 0; ; tries++) {
      const outcome = await attempt(fetch, request, tries < retries);
      if ('response' in outcome) return outcome.response;
      await delay(outcome.waitMs ?? backoffMs(tries), undefined, { signal: request.signal });
    }
  };
}

type Outcome = { response: Response } | { waitMs: number | undefined };

async function attempt(fetch: Send, request: Request, hasMore: boolean): Promise<Outcome> {
  const response = await fetch(hasMore ? request.clone() : request).catch((cause: unknown) => {
    request.signal.throwIfAborted();
    if (hasMore && isRepeatable(request)) return undefined;
    throw unreachable(request, cause);
  });
  if (response?.ok) return { response };
  if (response === undefined) return { waitMs: undefined };
  const error = await errorOf(response);
  if (!hasMore || !isPassing(error, request)) throw error;
  return { waitMs: retryAfterMs(response) };
}

function isPassing({ status, code }: BctrlError, request: Request): boolean {
  if (REFUSED_FOR_NOW.has(status)) return true;
  // What the service itself answers with these is final.
  return LOST.has(status) && code === 'client.unexpected_answer' && isRepeatable(request);
}

function isRepeatable({ method, headers }: Request): boolean {
  return REPEATABLE.has(method) || headers.has(IDEMPOTENCY_KEY);
}

function unreachable({ method, url }: Request, cause: unknown): BctrlError {
  const { origin, pathname } = new URL(url);
  const error = `${method} ${pathname} did not reach ${origin}.`;
  return new BctrlError({ status: 0, body: { error, code: 'client.unreachable' }, cause });
}
