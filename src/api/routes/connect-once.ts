import { randomUUID } from 'node:crypto';
import { createRoute } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import type { Workspaces } from '../../runtime-manager/runtime/index.ts';
import { ApiError } from '../http/errors.ts';
import { requireApiKeyOrToken, type AuthParts } from '../middleware/auth.ts';
import { errors, requires } from '../http/openapi.ts';
import { createRouter, type ApiEnv } from '../http/api-env.ts';
import { connectQuery } from '../schemas/connect.ts';
import type { RequestCeilings } from '../schemas/runtime.ts';
import { WorkspacePath } from '../schemas/workspace.ts';
import { LAUNCH_ERRORS } from './runtimes.ts';

const text = (description: string) => ({ description, schema: { type: 'string' } }) as const;

const connect = (ceilings: RequestCeilings) =>
  createRoute({
    tags: ['Connections'],
    ...requires('runtimes:write', 'runtimes:connect'),
    operationId: 'workspaces-connect',
    method: 'get',
    path: '/v1/workspaces/{id}/connect',
    summary: 'Create a runtime and connect to it over CDP, in one websocket handshake',
    description:
      'Open this URL as a websocket: `ws://…/v1/workspaces/default/connect?idleTimeoutSeconds=60`. The runtime is created as by `runtimes-create`, with the same errors. It ends when the websocket closes, unless `keepAlive=true`. Send the API key in the Authorization header, or as `token` if the client accepts only a URL.',
    request: { params: WorkspacePath, query: connectQuery(ceilings) },
    responses: {
      101: {
        description: 'The websocket is connected to the browser.',
        headers: {
          'x-bctrl-runtime-id': text('The id of the runtime.'),
          'x-bctrl-runtime-alias': text('The alias of the runtime.'),
        },
      },
      ...errors(
        ...LAUNCH_ERRORS,
        'runtime.not_active',
        'connection.failed',
        'request.upgrade_required',
      ),
    },
  });

export interface ConnectOnceParts extends AuthParts {
  workspaces: Workspaces;
  runtimes: RuntimeManager;
  ceilings: RequestCeilings;
  /** Limits the requests of each API key. */
  limit: MiddlewareHandler<ApiEnv>;
}

/** Creates a runtime and connects to it in one step; without `keepAlive` both end together. */
export function connectOnceRoutes(parts: ConnectOnceParts) {
  const { workspaces, runtimes, ceilings, limit, ...auth } = parts;
  const route = connect(ceilings);
  const router = createRouter();
  router.get(route.getRoutingPath(), requireApiKeyOrToken(auth), limit);
  return router.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const { keepAlive, token: _token, alias, ...rest } = c.req.valid('query');
    const { handshake } = c.env;
    if (!handshake) {
      await workspaces.get(c.var.actor, id);
      throw upgradeRequired();
    }
    const request = { ...rest, alias: alias ?? `connect-${randomUUID()}` };
    const scope = { arrivedAt: c.var.arrivedAt, signal: handshake.gone };
    const runtime = await runtimes.create(c.var.actor, id, request, scope);
    c.set('runtimeId', runtime.id);
    c.header('x-bctrl-runtime-id', runtime.id);
    c.header('x-bctrl-runtime-alias', runtime.alias);
    const headers = Object.fromEntries(c.res.headers);
    const asked = { ...handshake.open(), path: '', headers, first: { keepAlive } };
    await runtimes.joinFirst(runtime, asked);
    // The client has its answer, or is gone.
    return new Response();
  });
}

function upgradeRequired(): ApiError {
  return new ApiError('request.upgrade_required', 'This URL accepts only websockets.', {
    upgrade: 'websocket',
    hint: 'Give a CDP client this URL, with ws:// or wss://. A reverse proxy must pass on the headers Upgrade and Connection.',
  });
}
