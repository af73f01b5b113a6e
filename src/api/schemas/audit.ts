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
  .refine((date) => date.getTime() >= 0, 'Has to be after 1970');
const Verb = z.string().regex(/^[a-z]+(?:-[a-z]+)*$/, 'Not an operation id');

export const AuditQuery = z.strictObject({
  workspaceId: z.uuid().optional(),
  keyId: z.uuid().optional(),
  verb: Verb.optional().openapi({
    description: 'The id of an operation, or `console-sign-in`.',
    example: 'runtimes-stop',
  }),
  outcome: z.enum(AUDIT_OUTCOMES).optional().openapi({
    description: '`succeeded`: answered below 400, `refused`: below 500, `failed`: the others.',
  }),
  from: moment.optional().openapi({
    type: 'string',
    format: 'date-time',
    description: 'Only entries from this moment on.',
  }),
  to: moment.optional().openapi({
    type: 'string',
    format: 'date-time',
    description: 'Only entries before this moment.',
  }),
  ...paging,
});

export const AuditEntryBody = z
  .object({
    id: z.uuid(),
    createdAt: z.iso.datetime().openapi({ description: 'When the request was answered.' }),
    keyId: z.uuid(),
    keyName: z.string().openapi({ description: "The key's name when it asked.", example: 'ci' }),
    origin: z.enum(AUDIT_ORIGINS).openapi({
      description: 'Who asked: a program, the console for a person, or a tool of `POST /v1/mcp`.',
    }),
    verb: Verb.openapi({ example: 'runtimes-stop' }),
    workspaceId: z.uuid().nullable(),
    target: z
      .object({
        kind: z.string().openapi({ example: 'runtime' }),
        ref: z.string().nullable().openapi({
          description: 'Its id, alias or name, as the request named it; null if it was to be made.',
          example: 'daily',
        }),
        id: z
          .string()
          .nullable()
          .openapi({ description: 'Null if the request did not get so far.' }),
      })
      .nullable(),
    path: z.string().openapi({ example: '/v1/workspaces/default/runtimes/daily/stop' }),
    outcome: z.enum(AUDIT_OUTCOMES),
    status: z.int().openapi({ example: 200 }),
    code: z.string().nullable().openapi({
      description: 'Of the error; null without one.',
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
