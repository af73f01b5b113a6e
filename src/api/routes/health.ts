import { createRoute, z } from '@hono/zod-openapi';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import { JAIL_LEVELS } from '../../runtime-manager/runtime/index.ts';
import type { Door } from '../middleware/door.ts';
import { json } from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';

const PING_TIMEOUT_MS = 2000;

const Health = z
  .object({ status: z.literal('ok'), version: z.string().openapi({ example: '0.1.0' }) })
  .openapi('Health');

const JailStatus = z
  .object({
    level: z.enum(JAIL_LEVELS).openapi({
      description:
        'Whether browsers run in namespaces of the operating system, which separate them from the machine and from each other.',
    }),
    missing: z.array(z.string()).openapi({
      description: 'What this machine lacks for a complete jail, and how to provide it.',
    }),
  })
  .openapi('JailStatus');
export type JailStatus = z.infer<typeof JailStatus>;

const Readiness = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.object({
      database: z.boolean(),
      chromium: z.boolean(),
      bus: z.boolean().optional().openapi({
        description:
          'Whether messages reach the other processes of the service; absent if it is a single process.',
      }),
    }),
    jail: JailStatus.optional().openapi({
      description: 'Absent if this process runs no browsers.',
    }),
  })
  .openapi('Readiness');

const healthz = createRoute({
  operationId: 'health',
  method: 'get',
  path: '/healthz',
  tags: ['Health'],
  security: [],
  summary: 'Check whether the process is running',
  description:
    'Returns 200 as soon as the process accepts requests. It checks nothing else: use it to decide whether to restart the process.',
  responses: { 200: json(Health, 'The process is running') },
});

const readyz = createRoute({
  operationId: 'readiness',
  method: 'get',
  path: '/readyz',
  tags: ['Health'],
  security: [],
  summary: 'Check whether a runtime could be created now',
  description:
    'Checks the database, the browser and, in a cluster, the message bus. Returns 503 if a check fails. Use it to decide whether to send requests to this process.',
  responses: {
    200: json(
      Readiness,
      'Runtimes can be created: the database responds on every pool and accepts writes, and Chromium can be launched',
    ),
    503: json(Readiness, 'A check fails, or the service is starting or shutting down'),
  },
});

export interface HealthParts {
  /** `ping` rejects when the database does not answer in time. */
  database: { ping: (timeoutMs: number) => Promise<void> };
  runtimes: Pick<RuntimeManager, 'isReady'>;
  jail: JailStatus | undefined;
  /** Undefined: this process is alone. */
  bus: { readonly isConnected: boolean } | undefined;
  version: string;
  door: Door;
}

export function healthRoutes({ database, runtimes, jail, bus, version, door }: HealthParts) {
  return createRouter()
    .openapi(healthz, (c) => c.json({ status: 'ok', version } as const, 200))
    .openapi(readyz, async (c) => {
      const [answered, chromium] = await Promise.all([
        database.ping(PING_TIMEOUT_MS).then(
          () => true,
          () => false,
        ),
        runtimes.isReady(),
      ]);
      const checks = { database: answered, chromium, ...(bus && { bus: bus.isConnected }) };
      const isReady = door.isOpen && !door.isLeaving && Object.values(checks).every(Boolean);
      const body = { checks, ...(jail && { jail }) };
      if (isReady) return c.json({ status: 'ready', ...body } as const, 200);
      return c.json({ status: 'not_ready', ...body } as const, 503);
    });
}
