import { createMiddleware } from 'hono/factory';
import { isFromOwnPage, readSession, type SessionParts } from '../console/session-cookie.ts';
import type { ApiEnv } from '../http/api-env.ts';
import { ApiError } from '../http/errors.ts';
import type { PublicAddress } from '../http/public-address.ts';

/**
 * Has a request of the console count as one that has the session's API key in its header. Only
 * the audit tells the two apart: scopes, limits and idempotency are the key's.
 */
export function acceptSession(parts: SessionParts) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const hasKey = c.req.header('authorization') !== undefined;
    const session = hasKey ? undefined : readSession(c, parts);
    if (session) c.req.raw.headers.set('authorization', `Bearer ${session.key}`);
    c.set('isOfSession', session !== undefined);
    await next();
  });
}

/** Throws `session.foreign_page` for what no page of this service asks, so that nobody is signed in, or out, by others. */
export function requireOwnPage(addressOf: PublicAddress) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const address = addressOf(c);
    if (isFromOwnPage(c, address)) return next();
    throw new ApiError('session.foreign_page', 'Sessions can be used only by the console itself.', {
      hint: `Programs send their API key with each request. If this is the console, open it at ${address}/console, or set BCTRL_PUBLIC_URL to the address that people use.`,
    });
  });
}
