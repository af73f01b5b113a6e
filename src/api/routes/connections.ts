import { createRoute } from '@hono/zod-openapi';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import { connectionUrl } from '../http/connection-urls.ts';
import {
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import type { PublicAddress } from '../http/public-address.ts';
import { createRouter } from '../http/api-env.ts';
import {
  ConnectionBody,
  ConnectionList,
  ConnectionPath,
  CreateConnectionRequest,
  CreatedConnection,
  toConnectionBody,
} from '../schemas/connection.ts';
import { RuntimePath } from '../schemas/runtime.ts';

const common = { tags: ['Connections'] };
const PATH = '/v1/workspaces/{id}/runtimes/{alias}/connections';

const create = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'runtime-connections-create',
  method: 'post',
  path: PATH,
  summary: 'Create a connection to a runtime',
  description:
    'Returns a connection URL for one client or purpose. You can limit it to observing, and revoke it without affecting other connections.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RuntimePath, ...jsonBody(CreateConnectionRequest) },
  responses: {
    200: json(CreatedConnection, 'The connection, with its URL'),
    ...errors(...POST_ERRORS, ...RUNTIME_NOT_FOUND, 'runtime.not_active', 'runtime.unreachable'),
  },
});

const list = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtime-connections-list',
  method: 'get',
  path: PATH,
  summary: 'List the connections to a runtime, newest first',
  description:
    "Returns the runtime's own connections and those that were created for it, without their URLs.",
  request: { params: RuntimePath },
  responses: {
    200: json(ConnectionList, 'The connections'),
    ...errors(...RUNTIME_NOT_FOUND, 'runtime.unreachable'),
  },
});

const revoke = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'runtime-connections-revoke',
  method: 'delete',
  path: `${PATH}/{connectionId}`,
  summary: 'Revoke a connection to a runtime',
  description:
    'Returns the connection. Its URL no longer accepts clients, and its attached clients are disconnected.',
  request: { params: ConnectionPath },
  responses: {
    200: json(ConnectionBody, 'The revoked connection'),
    ...errors(...RUNTIME_NOT_FOUND, 'connection.not_found', 'runtime.unreachable'),
  },
});

export interface ConnectionParts {
  runtimes: RuntimeManager;
  addressOf: PublicAddress;
}

export function connectionRoutes({ runtimes, addressOf }: ConnectionParts) {
  return createRouter()
    .openapi(create, async (c) => {
      const { id, alias } = c.req.valid('param');
      const { protocol, access, ttlSeconds } = c.req.valid('json');
      const ttlMs = ttlSeconds === undefined ? undefined : ttlSeconds * 1000;
      const request = { protocol, access, ttlMs };
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const made = await runtimes.access.create(runtime, request);
      c.set('targetId', made.connection.id);
      const url = connectionUrl(addressOf(c), protocol, made.ticket);
      const expiresAt = made.expiresAt.toISOString();
      return c.json({ id: made.connection.id, protocol, access, url, expiresAt }, 200);
    })
    .openapi(list, async (c) => {
      const { id, alias } = c.req.valid('param');
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const connections = await runtimes.access.list(runtime);
      return c.json({ connections: connections.map(toConnectionBody) }, 200);
    })
    .openapi(revoke, async (c) => {
      const { id, alias, connectionId } = c.req.valid('param');
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const revoked = await runtimes.access.revoke(runtime, connectionId);
      return c.json(toConnectionBody(revoked), 200);
    });
}
