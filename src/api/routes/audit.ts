import { createRoute } from '@hono/zod-openapi';
import type { AuditTrail } from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import { errors, json, requires } from '../http/openapi.ts';
import { AuditList, AuditQuery, toAuditEntryBody } from '../schemas/audit.ts';

const list = createRoute({
  ...requires('admin'),
  operationId: 'audit-list',
  method: 'get',
  path: '/v1/audit',
  tags: ['Audit'],
  summary: 'List who did what, newest first',
  description:
    'Each request with a valid key that changes something, or was refused to. Entries appear within a second of the answer. A page may have fewer entries than `limit`, or none, and a `nextCursor` nonetheless: then the next page may have some.',
  request: { query: AuditQuery },
  responses: { 200: json(AuditList, 'A page of entries'), ...errors() },
});

export function auditRoutes({ audit }: { audit: AuditTrail }) {
  return createRouter().openapi(list, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid('query');
    const { items, nextCursor } = await audit.list(c.var.actor, filter, { cursor, limit });
    return c.json({ entries: items.map(toAuditEntryBody), nextCursor }, 200);
  });
}
