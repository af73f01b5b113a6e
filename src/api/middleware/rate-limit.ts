import { createMiddleware } from 'hono/factory';
import { ApiError } from '../http/errors.ts';
import { RateLimits } from '../http/rate-limits.ts';
import type { ApiEnv } from '../http/api-env.ts';

/**
 * Refuses more than `perMinute` requests of one API key, and tells each other request how many are
 * left; 0 for no limit.
 */
export function limitRate(perMinute: number) {
  const limits = perMinute === 0 ? undefined : new RateLimits(perMinute);
  return createMiddleware<ApiEnv>(async (c, next) => {
    if (!limits) return next();
    const { limit, remaining, resetSeconds, isExceeded } = await limits.count(c.var.actor.keyId);
    c.header('ratelimit-limit', String(limit));
    c.header('ratelimit-remaining', String(remaining));
    c.header('ratelimit-reset', String(resetSeconds));
    if (!isExceeded) return next();
    throw new ApiError(
      'request.rate_limited',
      `This API key may make ${limit} requests a minute.`,
      {
        retryAfterSeconds: resetSeconds,
      },
    );
  });
}
