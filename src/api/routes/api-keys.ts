import { createRoute, z } from '@hono/zod-openapi';
import type { ApiKeys } from '../../runtime-manager/runtime/index.ts';
import {
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';
import {
  ApiKeyBody,
  ApiKeyList,
  ApiKeyPath,
  CreateApiKeyRequest,
  CreatedApiKey,
  toApiKeyBody,
} from '../schemas/api-key.ts';
import { paging } from '../schemas/paging.ts';

const common = { tags: ['API keys'], ...requires('admin') };
const PATH = '/v1/api-keys';

const create = createRoute({
  ...common,
  operationId: 'api-keys-create',
  method: 'post',
  path: PATH,
  summary: 'Create an API key',
  description:
    'Creates a key and returns it. Only this response contains the key itself. A key cannot grant a scope that it does not have (403 `auth.forbidden`).',
  parameters: [IdempotencyKeyHeader],
  request: jsonBody(CreateApiKeyRequest),
  responses: {
    200: {
      ...json(CreatedApiKey, 'The key'),
      headers: { 'Cache-Control': { schema: { type: 'string', const: 'no-store' } } },
    },
    ...errors(...POST_ERRORS, 'workspace.not_found', 'api_key.not_limited'),
  },
});

const list = createRoute({
  ...common,
  operationId: 'api-keys-list',
  method: 'get',
  path: PATH,
  summary: 'List API keys, newest first',
  description: 'Returns the keys that have not been revoked, without the keys themselves.',
  request: { query: z.strictObject(paging) },
  responses: { 200: json(ApiKeyList, 'A page of API keys'), ...errors() },
});

const revoke = createRoute({
  ...common,
  operationId: 'api-keys-revoke',
  method: 'delete',
  path: `${PATH}/{keyId}`,
  summary: 'Revoke an API key',
  description:
    'Returns the key. The service rejects it from the next request on. Open websockets and event streams stay open, and connection URLs stay valid. A key may revoke itself, but the last key with the scope `admin` cannot be revoked (409 `api_key.last_admin`).',
  request: { params: ApiKeyPath },
  responses: {
    200: json(ApiKeyBody, 'The revoked key'),
    ...errors('api_key.not_found', 'api_key.last_admin'),
  },
});

export function apiKeyRoutes({ apiKeys }: { apiKeys: ApiKeys }) {
  return createRouter()
    .openapi(create, async (c) => {
      const { name, scopes, workspaceIds } = c.req.valid('json');
      const { key, secret } = await apiKeys.create(c.var.actor, { name, scopes, workspaceIds });
      c.set('targetId', key.id);
      c.header('cache-control', 'no-store');
      return c.json({ ...toApiKeyBody(key), key: secret }, 200);
    })
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const { items, nextCursor } = await apiKeys.list(c.var.actor, { cursor, limit });
      return c.json({ apiKeys: items.map(toApiKeyBody), nextCursor }, 200);
    })
    .openapi(revoke, async (c) => {
      const revoked = await apiKeys.revoke(c.var.actor, c.req.valid('param').keyId);
      return c.json(toApiKeyBody(revoked), 200);
    });
}
