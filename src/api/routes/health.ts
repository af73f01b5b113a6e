import { createRoute, z } from '@hono/zod-openapi';
import type { Database } from '../../db/client.ts';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import { json } from '../openapi.ts';
import { createRouter } from '../router.ts';

const PING_TIMEOUT_MS = 2000;

const Health = z.object({ status: z.literal('ok') }).openapi('Health');

const Readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.object({ database: z.boolean(), chromium: z.boolean() }),
  })
  .openapi('Readiness');

const healthz = createRoute({
  operationId: 'health',
  method: 'get',
  path: '/healthz',
  tags: ['Health'],
  summary: 'Whether the process is up',
  responses: { 200: json(Health, 'It is') },
});

const readyz = createRoute({
  operationId: 'readiness',
  method: 'get',
  path: '/readyz',
  tags: ['Health'],
  summary: 'Whether a runtime could be created now',
  responses: {
    200: json(Readiness, 'The database answers and Chromium can be launched'),
    503: json(Readiness, 'One of them does not, or the service is shutting down'),
  },
});

interface HealthParts {
  database: Pick<Database, 'ping'>;
  runtimes: Pick<RuntimeManager, 'isReady'>;
}

export function healthRoutes({ database, runtimes }: HealthParts) {
  return createRouter()
    .openapi(healthz, (c) => c.json({ status: 'ok' } as const, 200))
    .openapi(readyz, async (c) => {
      const [answered, chromium] = await Promise.all([
        database.ping(PING_TIMEOUT_MS).then(
          () => true,
          () => false,
        ),
        runtimes.isReady(),
      ]);
      const checks = { database: answered, chromium };
      if (answered && chromium) return c.json({ status: 'ready', checks } as const, 200);
      return c.json({ status: 'not_ready', checks } as const, 503);
    });
}
