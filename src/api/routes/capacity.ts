import { createRoute } from '@hono/zod-openapi';
import type { CapacityHistory } from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import { errors, json, requires } from '../http/openapi.ts';
import { CapacityBody, CapacityQuery, toCapacityBody } from '../schemas/capacity.ts';

const capacityRoute = createRoute({
  ...requires('admin'),
  operationId: 'capacity',
  method: 'get',
  path: '/v1/capacity',
  tags: ['Nodes'],
  summary: 'What the nodes have room for, now and in the last hour',
  description:
    'Looks at the database once a second at most, so it may be asked every few seconds: with `since`, only new samples are answered.',
  request: { query: CapacityQuery },
  responses: { 200: json(CapacityBody, 'The capacity'), ...errors() },
});

export function capacityRoutes({ capacity }: { capacity: CapacityHistory }) {
  return createRouter().openapi(capacityRoute, async (c) => {
    const { since } = c.req.valid('query');
    const after = since === undefined ? since : new Date(since);
    return c.json(await toCapacityBody(capacity, after), 200);
  });
}
