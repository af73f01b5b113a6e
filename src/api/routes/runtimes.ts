import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { connectionUrl } from '../connection-urls.ts';
import type { Runtime, RuntimeManager } from '../../runtime-manager/index.ts';
import { AuthorizationHeader, bearer, errors, json, jsonBody } from '../openapi.ts';
import type { PublicAddress } from '../public-address.ts';
import { createRouter, type ApiEnv } from '../router.ts';
import { paging } from '../schemas/paging.ts';
import {
  CreateRuntimeRequest,
  RuntimeBody,
  RuntimeList,
  RuntimePath,
  RuntimeStatusFilter,
  toRuntimeBody,
} from '../schemas/runtime.ts';
import { WorkspacePath } from '../schemas/workspace.ts';

const common = { tags: ['Runtimes'], security: bearer };

const create = createRoute({
  ...common,
  operationId: 'runtimes-create',
  method: 'post',
  path: '/v1/workspaces/{id}/runtimes',
  summary: 'Create a runtime inside a workspace',
  description: 'Answers when the browser is up and its first page is open.',
  parameters: [AuthorizationHeader],
  request: { params: WorkspacePath, ...jsonBody(CreateRuntimeRequest) },
  responses: {
    200: json(RuntimeBody, 'The running runtime'),
    ...errors(404, 409, 413, 415, 422, 502, 503),
  },
});

const list = createRoute({
  ...common,
  operationId: 'runtimes-list',
  method: 'get',
  path: '/v1/workspaces/{id}/runtimes',
  summary: 'List the runtimes of a workspace, newest first',
  request: {
    params: WorkspacePath,
    query: z.strictObject({ status: RuntimeStatusFilter, ...paging }),
  },
  responses: { 200: json(RuntimeList, 'A page of runtimes'), ...errors(404) },
});

const get = createRoute({
  ...common,
  operationId: 'runtimes-get',
  method: 'get',
  path: '/v1/workspaces/{id}/runtimes/{alias}',
  summary: 'Get a runtime',
  request: { params: RuntimePath },
  responses: { 200: json(RuntimeBody, 'The runtime'), ...errors(404) },
});

const stop = createRoute({
  ...common,
  operationId: 'runtimes-stop',
  method: 'post',
  path: '/v1/workspaces/{id}/runtimes/{alias}/stop',
  summary: 'Stop a live runtime inside a workspace',
  description:
    'Answers when nothing of the browser is left. One that is over is answered as it is.',
  request: { params: RuntimePath },
  responses: { 200: json(RuntimeBody, 'The stopped runtime'), ...errors(404, 503) },
});

const remove = createRoute({
  ...common,
  operationId: 'runtimes-delete',
  method: 'delete',
  path: '/v1/workspaces/{id}/runtimes/{alias}',
  summary: 'Delete the record of a runtime that is over',
  request: { params: RuntimePath },
  responses: { 200: json(RuntimeBody, 'The runtime as it was'), ...errors(404, 409) },
});

export interface RuntimeRouteParts {
  runtimes: RuntimeManager;
  addressOf: PublicAddress;
}

export function runtimeRoutes({ runtimes, addressOf }: RuntimeRouteParts) {
  const toBody = (c: Context<ApiEnv>, runtime: Runtime) => {
    c.set('runtimeId', runtime.id);
    return toRuntimeBody(runtime, connectionOf(runtime, runtimes, addressOf(c)));
  };
  return createRouter()
    .openapi(create, async (c) => {
      const { id } = c.req.valid('param');
      const runtime = await runtimes.create(c.var.actor, id, c.req.valid('json'));
      return c.json(toBody(c, runtime), 200);
    })
    .openapi(list, async (c) => {
      const { id } = c.req.valid('param');
      const { status, cursor, limit } = c.req.valid('query');
      const page = await runtimes.list(c.var.actor, id, { status }, { cursor, limit });
      const address = addressOf(c);
      const bodies = page.items.map((runtime) =>
        toRuntimeBody(runtime, connectionOf(runtime, runtimes, address)),
      );
      return c.json({ runtimes: bodies, nextCursor: page.nextCursor }, 200);
    })
    .openapi(get, async (c) => {
      const { id, alias } = c.req.valid('param');
      return c.json(toBody(c, await runtimes.get(c.var.actor, id, alias)), 200);
    })
    .openapi(stop, async (c) => {
      const { id, alias } = c.req.valid('param');
      return c.json(toBody(c, await runtimes.stop(c.var.actor, id, alias)), 200);
    })
    .openapi(remove, async (c) => {
      const { id, alias } = c.req.valid('param');
      return c.json(toBody(c, await runtimes.delete(c.var.actor, id, alias)), 200);
    });
}

function connectionOf(runtime: Runtime, runtimes: RuntimeManager, address: string) {
  const tickets = runtimes.issueTickets(runtime);
  if (!tickets) return undefined;
  return {
    cdpUrl: connectionUrl(address, 'cdp', tickets.cdp),
    playwrightUrl: connectionUrl(address, 'playwright', tickets.playwright),
    webdriverUrl: connectionUrl(address, 'webdriver', tickets.webdriver),
    expiresAt: tickets.expiresAt.toISOString(),
  };
}
