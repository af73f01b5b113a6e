import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { CallScope, RuntimeManager } from '../../runtime-manager/index.ts';
import {
  AuthorizationHeader,
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import type { PublicAddress } from '../http/public-address.ts';
import { createRouter, type ApiEnv } from '../http/api-env.ts';
import { runtimeAnswers } from '../http/runtime-answers.ts';
import { paging } from '../schemas/paging.ts';
import {
  createRuntimeRequest,
  type RequestCeilings,
  RuntimeBody,
  RuntimeList,
  RuntimePath,
  RuntimeStatusFilter,
} from '../schemas/runtime.ts';
import { StartRuntimeRequest } from '../schemas/recording.ts';
import { WorkspacePath } from '../schemas/workspace.ts';
import { PROXY_ERRORS } from './runtime-proxy.ts';

const common = { tags: ['Runtimes'] };

/** The errors of bringing a runtime up. */
export const LAUNCH_ERRORS = [
  'workspace.not_found',
  'profile.not_found',
  'extension.not_found',
  'runtime.alias_in_use',
  'runtime.stopped',
  'profile.in_use',
  'extension.conflict',
  'profile.version_damaged',
  'profile.locale_unavailable',
  ...PROXY_ERRORS,
  'runtime.quota_exceeded',
  'runtime.launch_failed',
  'extension.load_failed',
  'recording.unsupported',
  'runtime.no_capacity',
  'service.shutting_down',
] as const;

const create = (ceilings: RequestCeilings) =>
  createRoute({
    ...common,
    ...requires('runtimes:write'),
    operationId: 'runtimes-create',
    method: 'post',
    path: '/v1/workspaces/{id}/runtimes',
    summary: 'Create a runtime inside a workspace',
    description:
      'Returns the runtime when its browser is running and its first page is open. If the machine is full, the request waits in a queue for a slot; if none becomes free in time, the response is 503 `runtime.no_capacity`. If the client disconnects before the response, the runtime is ended, unless the request has an `Idempotency-Key`.',
    parameters: [AuthorizationHeader, IdempotencyKeyHeader],
    request: { params: WorkspacePath, ...jsonBody(createRuntimeRequest(ceilings)) },
    responses: {
      200: json(RuntimeBody, 'The running runtime'),
      ...errors(...POST_ERRORS, ...LAUNCH_ERRORS),
    },
  });

const list = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtimes-list',
  method: 'get',
  path: '/v1/workspaces/{id}/runtimes',
  summary: 'List the runtimes of a workspace, newest first',
  description: 'Returns up to `limit` runtimes. `nextCursor` is present if there are more.',
  request: {
    params: WorkspacePath,
    query: z.strictObject({ status: RuntimeStatusFilter, ...paging }),
  },
  responses: { 200: json(RuntimeList, 'A page of runtimes'), ...errors('workspace.not_found') },
});

const listAll = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtimes-list-all',
  method: 'get',
  path: '/v1/runtimes',
  summary: 'List the runtimes of all workspaces, newest first',
  description:
    'Returns up to `limit` runtimes. A key that is limited to workspaces gets only the runtimes in those workspaces.',
  request: { query: z.strictObject({ status: RuntimeStatusFilter, ...paging }) },
  responses: { 200: json(RuntimeList, 'A page of runtimes'), ...errors() },
});

const get = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtimes-get',
  method: 'get',
  path: '/v1/workspaces/{id}/runtimes/{alias}',
  summary: 'Get a runtime',
  description: 'Returns the runtime, with its connection URLs while clients can connect to it.',
  request: { params: RuntimePath },
  responses: { 200: json(RuntimeBody, 'The runtime'), ...errors(...RUNTIME_NOT_FOUND) },
});

const stop = createRoute({
  ...common,
  ...requires('runtimes:write'),
  operationId: 'runtimes-stop',
  method: 'post',
  path: '/v1/workspaces/{id}/runtimes/{alias}/stop',
  summary: 'Stop a live runtime inside a workspace',
  description:
    'Returns when the browser has ended and, with a profile, its state has been saved. A runtime that has already ended is returned unchanged.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RuntimePath },
  responses: {
    200: json(RuntimeBody, 'The stopped runtime'),
    ...errors(...POST_ERRORS, ...RUNTIME_NOT_FOUND, 'runtime.unreachable'),
  },
});

const start = createRoute({
  ...common,
  ...requires('runtimes:write'),
  operationId: 'runtimes-start',
  method: 'post',
  path: '/v1/workspaces/{id}/runtimes/{alias}/start',
  summary: 'Start a runtime that has ended',
  description:
    'Returns the runtime when its browser is running again. The runtime keeps its id, alias and `launch`, and its `generation` increases by one. An ephemeral browser starts without saved state. A runtime that is already active is returned unchanged.',
  parameters: [IdempotencyKeyHeader],
  request: {
    params: RuntimePath,
    body: { required: false, content: { 'application/json': { schema: StartRuntimeRequest } } },
  },
  responses: {
    200: json(RuntimeBody, 'The running runtime'),
    ...errors(...POST_ERRORS, ...LAUNCH_ERRORS, 'runtime.not_found', 'runtime.unreachable'),
  },
});

const restart = createRoute({
  ...common,
  ...requires('runtimes:write'),
  operationId: 'runtimes-restart',
  method: 'post',
  path: '/v1/workspaces/{id}/runtimes/{alias}/restart',
  summary: 'Stop a runtime and start it again',
  description:
    'Combines a stop and a start in one request, and returns the running runtime. The runtime keeps its id and alias, and its `generation` increases by one.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RuntimePath },
  responses: {
    200: json(RuntimeBody, 'The running runtime'),
    ...errors(...POST_ERRORS, ...LAUNCH_ERRORS, 'runtime.not_found', 'runtime.unreachable'),
  },
});

const remove = createRoute({
  ...common,
  ...requires('runtimes:write'),
  operationId: 'runtimes-delete',
  method: 'delete',
  path: '/v1/workspaces/{id}/runtimes/{alias}',
  summary: 'Delete the record of a runtime that has ended',
  description:
    'Also deletes the events of the runtime and the files that are kept with it. If the runtime is active, the request is rejected with 409 `runtime.active`: stop it first.',
  request: { params: RuntimePath },
  responses: {
    200: json(RuntimeBody, 'The deleted runtime'),
    ...errors(...RUNTIME_NOT_FOUND, 'runtime.active'),
  },
});

export interface RuntimeRouteParts {
  runtimes: RuntimeManager;
  addressOf: PublicAddress;
  ceilings: RequestCeilings;
}

export function runtimeRoutes({ runtimes, addressOf, ceilings }: RuntimeRouteParts) {
  const answer = runtimeAnswers({ runtimes, addressOf });
  return createRouter()
    .openapi(create(ceilings), async (c) => {
      const { id } = c.req.valid('param');
      const request = c.req.valid('json');
      const scope = { ...scopeOf(c), runtimeId: c.var.newId };
      const runtime = await runtimes.create(c.var.actor, id, request, scope);
      return c.json(answer.only(c, runtime), 200);
    })
    .openapi(list, async (c) => {
      const { id } = c.req.valid('param');
      const { status, cursor, limit } = c.req.valid('query');
      const page = await runtimes.list(c.var.actor, id, { status }, { cursor, limit });
      return c.json(answer.page(c, page), 200);
    })
    .openapi(listAll, async (c) => {
      const { status, cursor, limit } = c.req.valid('query');
      const page = await runtimes.listAll(c.var.actor, { status }, { cursor, limit });
      return c.json(answer.page(c, page), 200);
    })
    .openapi(get, async (c) => {
      const { id, alias } = c.req.valid('param');
      return c.json(answer.only(c, await runtimes.get(c.var.actor, id, alias)), 200);
    })
    .openapi(stop, async (c) => {
      const { id, alias } = c.req.valid('param');
      return c.json(answer.only(c, await runtimes.stop(c.var.actor, id, alias)), 200);
    })
    .openapi(start, async (c) => {
      const { id, alias } = c.req.valid('param');
      // Without a body, it is not validated.
      const { recording } = c.req.valid('json') ?? {};
      const scope = { ...scopeOf(c), recording };
      const runtime = await runtimes.start(c.var.actor, id, alias, scope);
      return c.json(answer.only(c, runtime), 200);
    })
    .openapi(restart, async (c) => {
      const { id, alias } = c.req.valid('param');
      const runtime = await runtimes.restart(c.var.actor, id, alias, scopeOf(c));
      return c.json(answer.only(c, runtime), 200);
    })
    .openapi(remove, async (c) => {
      const { id, alias } = c.req.valid('param');
      return c.json(answer.only(c, await runtimes.delete(c.var.actor, id, alias)), 200);
    });
}

/** What was begun for a client that hangs up is undone, unless the client may come back for it. */
function scopeOf(c: Context<ApiEnv>): CallScope {
  const { arrivedAt, outlivesClient } = c.var;
  return { arrivedAt, signal: outlivesClient ? undefined : c.req.raw.signal };
}
