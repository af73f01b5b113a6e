import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { ApiError } from '../http/errors.ts';
import type { ApiEnv } from '../http/router.ts';

/** Refuses larger bodies with `request.too_large`: by the length they tell, or else as they come. */
export function limitBody(maxBytes: number) {
  const refuse = () => {
    throw new ApiError('request.too_large', `A body has at most ${maxBytes} bytes.`);
  };
  const count = bodyLimit({ maxSize: maxBytes, onError: refuse });
  return createMiddleware<ApiEnv>((c, next) => {
    const length = c.req.header('content-length');
    if (length === undefined) return count(c, next);
    // What is refused by its length is not touched: a client that asked first need not send it.
    return Number(length) > maxBytes ? refuse() : next();
  });
}
