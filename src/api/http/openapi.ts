import { z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Scope } from '../../runtime-manager/runtime/index.ts';
import { requireScopes } from '../middleware/auth.ts';
import { ERROR_STATUS, type ErrorCode } from './errors.ts';

/** The words that routes are declared with. */

export const ErrorBody = z
  .object({
    error: z.string().openapi({ description: 'What went wrong, for people to read.' }),
    code: z.string().openapi({ example: 'runtime.alias_in_use' }),
    details: z.record(z.string(), z.unknown()).optional().openapi({
      description:
        'What exactly is wrong. For `request.invalid`: `issues`, each with `in`, `path` and `message`.',
    }),
    hint: z.string().optional(),
    requestId: z.string().openapi({
      description: 'The id of the request, which is also in the header `x-request-id`.',
    }),
  })
  .openapi('Error');

/** The errors of every request. */
const ALWAYS: readonly ErrorCode[] = [
  'request.invalid',
  'auth.required',
  'auth.forbidden',
  'request.rate_limited',
  'server.error',
  'service.unavailable',
];

/** The errors of a request with a body. */
export const BODY_ERRORS = ['request.too_large', 'request.unsupported_media_type'] as const;

/** The errors of a POST that may have an `Idempotency-Key`. */
export const POST_ERRORS = [
  ...BODY_ERRORS,
  'idempotency.mismatch',
  'idempotency.in_progress',
] as const;

/** The errors of a path that names a runtime. */
export const RUNTIME_NOT_FOUND = ['workspace.not_found', 'runtime.not_found'] as const;

export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

export function jsonBody<T extends z.ZodType>(schema: T) {
  return { body: { required: true, content: { 'application/json': { schema } } } };
}

/** The statuses of refusals that a retry can overcome. */
const PASSING = new Set<number>([429, 503]);
export const RETRY_AFTER = {
  'Retry-After': {
    description: 'How many seconds to wait before you retry.',
    schema: { type: 'integer' },
  },
} as const;

/** The error responses of an operation: those of every request, and the given codes. */
export function errors(...codes: ErrorCode[]) {
  const byStatus = Map.groupBy(new Set([...ALWAYS, ...codes]), (code) => ERROR_STATUS[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        ...json(ErrorBody, some.map(quoted).join(', ')),
        ...(PASSING.has(status) && { headers: RETRY_AFTER }),
      },
    ]),
  );
}

function quoted(code: ErrorCode): string {
  return `\`${code}\``;
}

/** Makes an operation require an API key with all of these scopes, and declares that it does. */
export function requires(...scopes: [Scope, ...Scope[]]) {
  return {
    security: [{ bearerAuth: [] }],
    'x-required-scopes': scopes,
    middleware: requireScopes(scopes),
  };
}

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
    'Up to 255 printable characters of your choice. If you repeat a request with the same key within 24 hours, the service does not carry it out again, but returns the first response. A different request with the same key is rejected with 409 `idempotency.mismatch`.',
  required: false,
  schema: { type: 'string' },
} as const;

type Reference = ReturnType<OpenAPIHono['getOpenAPI31Document']>;
type Operation = NonNullable<NonNullable<Reference['paths']>[string]['get']>;
type Parameter = NonNullable<Operation['parameters']>[number];

/** Declares that object parameters are JSON: a schema alone would mean a parameter per field. */
export function withJsonParameters(reference: Reference): Reference {
  for (const { get } of Object.values(reference.paths ?? {})) {
    if (get?.parameters) get.parameters = get.parameters.map(asJson);
  }
  return reference;
}

function asJson(parameter: Parameter): Parameter {
  if (!('schema' in parameter) || !parameter.schema || 'type' in parameter.schema) return parameter;
  const { schema, ...rest } = parameter;
  return { ...rest, content: { 'application/json': { schema } } };
}
