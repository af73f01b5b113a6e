import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ApiError } from '../http/errors.ts';
import type { Metrics } from '../http/metrics.ts';
import { createRouter } from '../http/api-env.ts';

/** Headers that show that a request came through a proxy, or from a page in one of our browsers. */
const TELLTALES = [
  'forwarded',
  'origin',
  'referer',
  'sec-fetch-site',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-real-ip',
];
const LOCAL_HOST = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const metricsRoute = createRoute({
  operationId: 'metrics',
  method: 'get',
  path: '/metrics',
  tags: ['Health'],
  // Its token is none of the API's keys.
  security: [],
  summary: 'Get metrics for Prometheus',
  description:
    'Requires the token in `BCTRL_METRICS_TOKEN` as a bearer token. If no token is configured, only requests from this machine are allowed.',
  responses: {
    200: {
      description: 'The metrics, in the text format of Prometheus, or in OpenMetrics',
      content: {
        'text/plain': { schema: z.string() },
        'application/openmetrics-text': { schema: z.string() },
      },
    },
    401: { description: 'The caller is not allowed to see the metrics' },
  },
});

export interface MetricsParts {
  metrics: Metrics;
  metricsToken: string | undefined;
}

export function metricsRoutes({ metrics, metricsToken }: MetricsParts) {
  return createRouter().openapi(metricsRoute, async (c) => {
    if (!(metricsToken === undefined ? isLocal(c) : hasToken(c, metricsToken))) {
      throw new ApiError('auth.required', 'The caller is not allowed to see the metrics.');
    }
    const { text, contentType } = await metrics.expose(c.req.header('accept'));
    return c.body(text, 200, { 'content-type': contentType, vary: 'accept' });
  });
}

function isLocal(c: Context): boolean {
  const { address = '', addressType } = getConnInfo(c).remote;
  const isLoopback = LOOPBACK.check(address, addressType === 'IPv6' ? 'ipv6' : 'ipv4');
  const isNamedLocally = LOCAL_HOST.test(c.req.header('host') ?? '');
  return (
    isLoopback && isNamedLocally && TELLTALES.every((name) => c.req.header(name) === undefined)
  );
}

function hasToken(c: Context, token: string): boolean {
  return timingSafeEqual(digest(c.req.header('authorization') ?? ''), digest(`Bearer ${token}`));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
