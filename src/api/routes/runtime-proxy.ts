import { createRoute } from '@hono/zod-openapi';
import {
  BODY_ERRORS,
  errors,
  json,
  jsonBody,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import { createRouter } from '../http/router.ts';
import { runtimeAnswers, type RuntimeAnswerParts } from '../http/runtime-answers.ts';
import { ProxyChange, RuntimeBody, RuntimePath } from '../schemas/runtime.ts';

/** What a proxy that is asked for can fail with. */
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
  summary: 'Send the traffic of a running runtime another way',
  description:
    "The proxy is dialled and authenticated first; if that fails everything stays as it was. Connections that went the old way are closed, the browser goes on. An ephemeral runtime is started with it the next time; that of a profile with the profile's.",
  request: { params: RuntimePath, ...jsonBody(ProxyChange) },
  responses: {
    200: json(RuntimeBody, 'The runtime'),
    ...errors(
      ...BODY_ERRORS,
      ...RUNTIME_NOT_FOUND,
      ...PROXY_ERRORS,
      'runtime.not_active',
      'runtime.held_elsewhere',
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
