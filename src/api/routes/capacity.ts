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
    'Costs no look at the database, so it may be asked every few seconds: with `since`, only what is new is answered.',
  request: { query: CapacityQuery },
  responses: { 200: json(CapacityBody, 'The capacity'), ...errors() },
});

export function capacityRoutes({ capacity }: { capacity: CapacityHistory }) {
  return createRouter().openapi(capacityRoute, (c) => {
    const { since } = c.req.valid('query');
    return c.json(toCapacityBody(capacity, since === undefined ? since : new Date(since)), 200);
  });
}
