import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { ApiError } from '../http/errors.ts';
import type { ApiEnv } from '../http/api-env.ts';

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/** Refuses bodies of another type, which would otherwise look like a body without fields. */
export const jsonOnly = createMiddleware<ApiEnv>(async (c, next) => {
  const type = c.req.header('content-type');
  if ((type !== undefined || hasBody(c)) && !JSON_TYPE.test(type ?? '')) {
    const what = type === undefined ? 'A body without a type' : `A body of type ${type}`;
    throw new ApiError('request.unsupported_media_type', `${what} is not accepted.`, {
      hint: 'Send JSON with "Content-Type: application/json".',
    });
  }
  await next();
});

function hasBody(c: Context): boolean {
  const length = c.req.header('content-length');
  return (
    c.req.header('transfer-encoding') !== undefined || (length !== undefined && length !== '0')
  );
}
