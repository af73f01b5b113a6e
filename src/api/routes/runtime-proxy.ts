import { createRoute } from '@hono/zod-openapi';
import {
  BODY_ERRORS,
  errors,
  json,
  jsonBody,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';
import { runtimeAnswers, type RuntimeAnswerParts } from '../http/runtime-answers.ts';
import { ProxyChange, RuntimeBody, RuntimePath } from '../schemas/runtime.ts';

/** The errors of a request that names a proxy. */
export const PROXY_ERRORS = [
  'proxy.not_allowed',
  'proxy.unreachable',
  'proxy.auth_failed',
  'proxy.timeout',
  'proxy.protocol_error',
] as const;

const setProxy = createRoute({
  tags: ['Runtimes'],
  ...requires('runtimes:write'),
  operationId: 'runtimes-set-proxy',
  method: 'put',
  path: '/v1/workspaces/{id}/runtimes/{alias}/proxy',
  summary: 'Change the proxy of a running runtime',
  description:
    'The service first connects to the new proxy and authenticates; if that fails, nothing changes. Existing connections are closed, and the browser continues to run. The next start of an ephemeral runtime uses the new proxy; that of a runtime with a profile uses the proxy of the profile.',
  request: { params: RuntimePath, ...jsonBody(ProxyChange) },
  responses: {
    200: json(RuntimeBody, 'The runtime'),
    ...errors(
      ...BODY_ERRORS,
      ...RUNTIME_NOT_FOUND,
      ...PROXY_ERRORS,
      'runtime.not_active',
      'runtime.unreachable',
    ),
  },
});

export function runtimeProxyRoutes(parts: RuntimeAnswerParts) {
  const answer = runtimeAnswers(parts);
  return createRouter().openapi(setProxy, async (c) => {
    const { id, alias } = c.req.valid('param');
    const { proxy } = c.req.valid('json');
    const runtime = await parts.runtimes.setProxy(c.var.actor, id, alias, proxy ?? undefined);
    return c.json(answer.only(c, runtime), 200);
  });
}
