import { createRoute } from '@hono/zod-openapi';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import { errors, json, requires, RUNTIME_NOT_FOUND } from '../http/openapi.ts';
import { createRouter } from '../http/router.ts';
import { RuntimePath, RuntimeUsage, toUsageBody } from '../schemas/runtime.ts';

const usage = createRoute({
  tags: ['Runtimes'],
  ...requires('runtimes:read'),
  operationId: 'runtimes-usage',
  method: 'get',
  path: '/v1/workspaces/{id}/runtimes/{alias}/usage',
  summary: 'Get what a runtime used since it was last brought up',
  description:
    'How long it was up, and what its browser sent and received, to a second. A start counts from nothing again: whoever needs the sum asks when a life is over.',
  request: { params: RuntimePath },
  responses: { 200: json(RuntimeUsage, 'What it used'), ...errors(...RUNTIME_NOT_FOUND) },
});

export function runtimeUsageRoutes({ runtimes }: { runtimes: RuntimeManager }) {
  return createRouter().openapi(usage, async (c) => {
    const { id, alias } = c.req.valid('param');
    return c.json(toUsageBody(await runtimes.get(c.var.actor, id, alias)), 200);
  });
}
