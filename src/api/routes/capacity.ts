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
  summary: 'Get the capacity of the nodes, now and over the last hour',
  description:
    'Returns the current capacity of each node and of all nodes together, and the samples of the last hour. You can request it every few seconds, because it queries the database at most once a second. With `since`, only newer samples are returned.',
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
