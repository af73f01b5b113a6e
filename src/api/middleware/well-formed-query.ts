import { createMiddleware } from 'hono/factory';
import { ApiError } from '../http/errors.ts';
import type { ApiEnv } from '../http/api-env.ts';

/** Refuses a query that is not percent-encoded UTF-8, which would otherwise be taken literally. */
export const wellFormedQuery = createMiddleware<ApiEnv>(async (c, next) => {
  const { url } = c.req;
  const at = url.indexOf('?');
  if (at >= 0 && !isDecodable(url.slice(at + 1))) {
    const message = 'Must be percent-encoded UTF-8';
    throw new ApiError('request.invalid', `The query is not valid: ${message}`, {
      details: { issues: [{ in: 'query', path: '', message }] },
    });
  }
  await next();
});

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
