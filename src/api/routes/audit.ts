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
  summary: 'List audit entries, newest first',
  description:
    'Returns an entry for each request with a valid key that changed something or tried to. Entries appear within a second after the response. A page may have fewer entries than `limit`, or none, and still have a `nextCursor`: then the next page may have some.',
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
