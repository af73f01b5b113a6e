import { z } from 'zod';
import { RUNTIME_ERROR_CODES, RuntimeError } from '../errors.ts';

/**
 * A refusal or failure as it passes between processes. A newer process may have codes that this one
 * does not know.
 */
export const Problem = z.object({
  code: z.enum(RUNTIME_ERROR_CODES).catch('service.unavailable'),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
  retryAfterSeconds: z.number().optional(),
});
export type Problem = z.infer<typeof Problem>;

/** An error without words for the customer says nothing of itself; whoever calls this logs it. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof RuntimeError)) {
    return { code: 'service.unavailable', message: 'The machine of the runtime failed at this.' };
  }
  const { code, message, details, retryAfterSeconds } = error;
  return { code, message, details, retryAfterSeconds };
}

export function errorOf({ code, message, details, retryAfterSeconds }: Problem): RuntimeError {
  return new RuntimeError(code, message, {
    ...(details && { details }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
