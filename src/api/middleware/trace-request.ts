import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import { codeOf, type OpenSpan } from '../../runtime-manager/tracing/open-span.ts';
import { continued, inSpan } from '../../runtime-manager/tracing/tracing.ts';
import type { ApiEnv } from '../http/api-env.ts';
import { methodOf, pathBy, templateOf } from '../http/traced-path.ts';
import { isProbe, statusOf } from './request-context.ts';

/**
 * Makes a span of each request, in the trace that its `traceparent` names. It ends with the head of the
 * answer, or once a client of a websocket is joined.
 */
export const traceRequest = createMiddleware<ApiEnv>(async (c, next) => {
  if (isProbe(c.req.path)) return next();
  const from = { traceparent: c.req.header('traceparent'), tracestate: c.req.header('tracestate') };
  const method = methodOf(c.req.method);
  await continued(from, () =>
    inSpan({ kind: 'server', name: method }, { 'http.request.method': method }, async (span) => {
      await next();
      if (span.isRecorded) describe(span, c);
    }),
  );
});

/** https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server */
function describe(span: OpenSpan, c: Context<ApiEnv>): void {
  const status = statusOf(c);
  const route = routeOf(c);
  if (route !== undefined) span.rename(`${methodOf(c.req.method)} ${route}`);
  span.tell({
    'http.route': route,
    'url.path': pathBy(route, c.req.path),
    'url.scheme': new URL(c.req.url).protocol.slice(0, -1),
    'http.response.status_code': status,
    'bctrl.organization.id': actorOf(c)?.organizationId,
    'bctrl.runtime.id': c.var.runtimeId,
  });
  if (status >= 500) span.fail(codeOf(c.error) ?? String(status));
}

/** Undefined before a key was looked at, and where none is needed. */
function actorOf(c: Context<ApiEnv>): Partial<ApiEnv['Variables']['actor']> | undefined {
  return c.get('actor');
}

/** Undefined where nothing but middleware was meant, whose paths have no parameters. */
function routeOf(c: Context<ApiEnv>): string | undefined {
  const route = matchedRoutes(c).findLast(
    ({ method, path }) => method !== 'ALL' || path.includes(':'),
  );
  return route && templateOf(route.path);
}
