import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Logger } from 'pino';
import type { ApiEnv } from '../http/api-env.ts';

/** An id from outside is kept if it is harmless in a log and a header. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

export function requestIdFrom(given: string | undefined): string {
  return given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
}

/** A ticket in a path is a credential. */
function withoutTicket(path: string): string {
  return path.replace(/^(\/v1\/connect\/).+/, '$1…');
}

const SWITCHING_PROTOCOLS = 101;
/** Monitors ask for these every few seconds, so they are not worth a log line. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics']);

export function isProbe(path: string): boolean {
  return PROBES.has(path);
}

/** What the client was told, also by a handshake that was joined elsewhere. */
export function statusOf(c: Context<ApiEnv>): number {
  return c.env.handshake?.isAnswered ? SWITCHING_PROTOCOLS : c.res.status;
}

/** Gives every request an id, which its answer and its log line carry. */
export function requestContext(log: Logger) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const arrivedAt = performance.now();
    const requestId = requestIdFrom(c.req.header('x-request-id'));
    c.set('arrivedAt', arrivedAt);
    c.set('requestId', requestId);
    c.set('log', log.child({ requestId }));
    c.header('x-request-id', requestId);
    await next();
    const level = isProbe(c.req.path) && c.res.ok ? 'debug' : 'info';
    c.var.log[level](
      {
        method: c.req.method,
        path: withoutTicket(c.req.path),
        status: statusOf(c),
        ms: Math.round((performance.now() - arrivedAt) * 10) / 10,
        runtimeId: c.var.runtimeId,
      },
      'request',
    );
  });
}
