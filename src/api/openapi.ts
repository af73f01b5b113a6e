import { z } from '@hono/zod-openapi';

/** The words that routes are declared with. */

export const ErrorBody = z
  .object({
    error: z.string().openapi({ description: 'What went wrong, for a person.' }),
    code: z.string().openapi({ example: 'runtime.alias_in_use' }),
    details: z.record(z.string(), z.unknown()).optional().openapi({
      description: 'For `request.invalid`: `issues`, each with `in`, `path`, `message`.',
    }),
    hint: z.string().optional(),
    requestId: z.string().openapi({ description: 'Also in the header `x-request-id`.' }),
  })
  .openapi('Error');

const ERRORS = {
  400: 'The request is not valid: `request.invalid`',
  401: 'No valid API key: `auth.required`',
  403: 'The API key may not: `auth.forbidden`',
  404: 'Nothing of that name exists for this organization: `<resource>.not_found`',
  409: 'Something else is in the way',
  410: 'The runtime is over: `runtime.not_active`',
  413: 'The body is too large: `request.too_large`',
  415: 'The body is not JSON: `request.unsupported_media_type`',
  422: 'The service cannot carry this out: `profile.version_damaged` and the like',
  429: 'Enough for now; see `Retry-After`: `runtime.quota_exceeded`',
  500: 'The service failed: `server.error`',
  502: 'The browser could not be launched: `runtime.launch_failed`',
  503: 'Not now; see `Retry-After`',
} as const;

export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

export function jsonBody<T extends z.ZodType>(schema: T) {
  return { body: { required: true, content: { 'application/json': { schema } } } };
}

/** The error responses of an operation; every one has those that any request can meet. */
export function errors(...statuses: (keyof typeof ERRORS)[]) {
  const all = [400, 401, 500, ...statuses] as const;
  return Object.fromEntries(all.map((status) => [status, json(ErrorBody, ERRORS[status])]));
}

export const bearer = [{ bearerAuth: [] }];

/** The credential as the published contract lists it, beside the security scheme. */
export const AuthorizationHeader = {
  name: 'Authorization',
  in: 'header',
  description: 'Use Bearer <api key>.',
  required: true,
  schema: { type: 'string' },
} as const;

export const IdempotencyKeyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Up to 255 printable characters of your choice. For 24 hours a request with the same key is not carried out again but answered as the first was; another request with it is refused with 409.',
  required: false,
  schema: { type: 'string' },
} as const;
