import { createRoute } from '@hono/zod-openapi';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import { errors, json, requires, RUNTIME_NOT_FOUND } from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';
import { RuntimePath, RuntimeUsage, toUsageBody } from '../schemas/runtime.ts';

const usage = createRoute({
  tags: ['Runtimes'],
  ...requires('runtimes:read'),
  operationId: 'runtimes-usage',
  method: 'get',
  path: '/v1/workspaces/{id}/runtimes/{alias}/usage',
  summary: 'Get the usage of a runtime since its last start',
  description:
    'Returns how long the runtime has been running, and how much its browser sent and received, accurate to a second. Every start resets the numbers to zero: to add them up, get them before the next start.',
  request: { params: RuntimePath },
  responses: {
    200: json(RuntimeUsage, 'The usage of the runtime'),
    ...errors(...RUNTIME_NOT_FOUND),
  },
});

export function runtimeUsageRoutes({ runtimes }: { runtimes: RuntimeManager }) {
  return createRouter().openapi(usage, async (c) => {
    const { id, alias } = c.req.valid('param');
    return c.json(toUsageBody(await runtimes.get(c.var.actor, id, alias)), 200);
  });
}
