import { z } from '@hono/zod-openapi';
import {
  AUDIT_ORIGINS,
  AUDIT_OUTCOMES,
  auditOutcomeOf,
  type AuditEntry,
} from '../../runtime-manager/runtime/index.ts';
import { nextCursor, paging } from './paging.ts';

const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .refine((date) => date.getTime() >= 0, 'Must be after 1970');
const Verb = z.string().regex(/^[a-z]+(?:-[a-z]+)*$/, 'Not an operation id');

export const AuditQuery = z.strictObject({
  workspaceId: z.uuid().optional(),
  keyId: z.uuid().optional(),
  verb: Verb.optional().openapi({
    description: 'Only entries of this operation: an operation id, or `console-sign-in`.',
    example: 'runtimes-stop',
  }),
  outcome: z.enum(AUDIT_OUTCOMES).optional().openapi({
    description:
      '`succeeded`: the response status was below 400; `refused`: 400 to 499; `failed`: 500 or above.',
  }),
  from: moment.optional().openapi({
    type: 'string',
    format: 'date-time',
    description: 'Only entries at or after this time.',
  }),
  to: moment.optional().openapi({
    type: 'string',
    format: 'date-time',
    description: 'Only entries before this time.',
  }),
  ...paging,
});

export const AuditEntryBody = z
  .object({
    id: z.uuid(),
    createdAt: z.iso
      .datetime()
      .openapi({ description: 'When the service responded to the request.' }),
    keyId: z.uuid(),
    keyName: z
      .string()
      .openapi({ description: "The key's name at the time of the request.", example: 'ci' }),
    origin: z.enum(AUDIT_ORIGINS).openapi({
      description:
        'Where the request came from: `api` for a program, `console` for a person in the console, `mcp` for a tool of `POST /v1/mcp`.',
    }),
    verb: Verb.openapi({ example: 'runtimes-stop' }),
    workspaceId: z.uuid().nullable(),
    target: z
      .object({
        kind: z.string().openapi({ example: 'runtime' }),
        ref: z.string().nullable().openapi({
          description:
            'The id, alias or name of the target, as given in the request; null if the request was to create it.',
          example: 'daily',
        }),
        id: z.string().nullable().openapi({
          description:
            'The id of the target; null if the request ended before the target was found or created.',
        }),
      })
      .nullable(),
    path: z.string().openapi({ example: '/v1/workspaces/default/runtimes/daily/stop' }),
    outcome: z.enum(AUDIT_OUTCOMES),
    status: z.int().openapi({ example: 200 }),
    code: z.string().nullable().openapi({
      description: 'The error code of the response; null if there was no error.',
      example: 'runtime.not_found',
    }),
    requestId: z.string(),
    clientAddress: z.string().openapi({ example: '203.0.113.7' }),
  })
  .openapi('AuditEntry');

export const AuditList = z
  .object({ entries: z.array(AuditEntryBody), nextCursor })
  .openapi('AuditEntryList');

export function toAuditEntryBody({ target, ...entry }: AuditEntry): z.infer<typeof AuditEntryBody> {
  return {
    ...entry,
    createdAt: entry.createdAt.toISOString(),
    workspaceId: entry.workspaceId ?? null,
    target: target ? { kind: target.kind, ref: target.ref ?? null, id: target.id ?? null } : null,
    outcome: auditOutcomeOf(entry.status),
    code: entry.code ?? null,
  };
}
