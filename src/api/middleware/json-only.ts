import { createMiddleware } from 'hono/factory';
import { ApiError } from '../errors.ts';
import type { ApiEnv } from '../router.ts';

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/** Refuses bodies of another type, which would otherwise look like a body without fields. */
export const jsonOnly = createMiddleware<ApiEnv>(async (c, next) => {
  const type = c.req.header('content-type');
  if (type !== undefined && !JSON_TYPE.test(type)) {
    throw new ApiError(
      'request.unsupported_media_type',
      `A body of type ${type} is not accepted.`,
      {
        hint: 'Send JSON with "Content-Type: application/json".',
      },
    );
  }
  await next();
});
