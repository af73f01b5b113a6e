import { createMiddleware } from 'hono/factory';
import type { ApiEnv } from '../http/api-env.ts';
import { ApiError } from '../http/errors.ts';

const HEADER = 'idempotency-key';

/** Refuses an `Idempotency-Key` where no answer is kept: whoever sends one relies on it. */
export const noIdempotencyKey = createMiddleware<ApiEnv>(async (c, next) => {
  if (c.req.header(HEADER) !== undefined) {
    const message = 'This answer is not kept, and the same request is carried out anew';
    throw new ApiError('request.invalid', `The request is not valid: ${HEADER}: ${message}`, {
      details: { issues: [{ in: 'header', path: HEADER, message }] },
      hint: 'Send the request without this header. You can repeat it safely, because it keeps no state.',
    });
  }
  await next();
});
