import { createRoute, z } from '@hono/zod-openapi';
import type { Files } from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import {
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { paging } from '../schemas/paging.ts';
import {
  CreateNamespaceRequest,
  DeleteNamespaceQuery,
  NamespaceBody,
  NamespaceList,
  NamespacePath,
  toNamespaceBody,
} from '../schemas/storage.ts';

const common = { tags: ['Storage'] };
const PATH = '/v1/storage';

const list = createRoute({
  ...common,
  ...requires('files:read'),
  operationId: 'storage-list',
  method: 'get',
  path: PATH,
  summary: 'List storage namespaces, newest first',
  description:
    'Returns the namespaces, and how much storage the organization uses and may use. A key that is limited to workspaces gets the namespaces that those workspaces mount.',
  request: { query: z.strictObject(paging) },
  responses: { 200: json(NamespaceList, 'A page of namespaces'), ...errors() },
});

const create = createRoute({
  ...common,
  ...requires('files:write'),
  operationId: 'storage-create',
  method: 'post',
  path: PATH,
  summary: 'Create a storage namespace',
  description:
    'Creates a namespace and returns it. Namespaces are also created when a workspace mounts them. A key that is limited to workspaces cannot use this operation.',
  parameters: [IdempotencyKeyHeader],
  request: jsonBody(CreateNamespaceRequest),
  responses: {
    200: json(NamespaceBody, 'The namespace'),
    ...errors(...POST_ERRORS, 'storage.name_in_use'),
  },
});

const get = createRoute({
  ...common,
  ...requires('files:read'),
  operationId: 'storage-get',
  method: 'get',
  path: `${PATH}/{namespace}`,
  summary: 'Get a storage namespace',
  description:
    'Returns the namespace. A key that is limited to workspaces finds the namespaces that those workspaces mount.',
  request: { params: NamespacePath },
  responses: {
    200: json(NamespaceBody, 'The namespace'),
    ...errors('storage.namespace_not_found'),
  },
});

const remove = createRoute({
  ...common,
  ...requires('files:write'),
  operationId: 'storage-delete',
  method: 'delete',
  path: `${PATH}/{namespace}`,
  summary: 'Delete a storage namespace',
  description:
    'Deletes and returns the namespace. If it has files, the request is rejected with 409 `storage.not_empty`, unless `force=true`, which deletes the files, too. A key that is limited to workspaces cannot delete namespaces.',
  request: { params: NamespacePath, query: DeleteNamespaceQuery },
  responses: {
    200: json(NamespaceBody, 'The deleted namespace'),
    ...errors('storage.namespace_not_found', 'storage.not_empty'),
  },
});

/** Storage namespaces; `fileRoutes` has what is in them. */
export function storageRoutes({ files }: { files: Files }) {
  return createRouter()
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const [{ items, nextCursor }, usage] = await Promise.all([
        files.listNamespaces(c.var.actor, { cursor, limit }),
        files.quota(c.var.actor),
      ]);
      return c.json({ namespaces: items.map(toNamespaceBody), nextCursor, usage }, 200);
    })
    .openapi(create, async (c) => {
      const { name } = c.req.valid('json');
      const made = await files.createNamespace(c.var.actor, name);
      c.set('targetId', made.id);
      return c.json(toNamespaceBody(made), 200);
    })
    .openapi(get, async (c) => {
      const { namespace } = c.req.valid('param');
      return c.json(toNamespaceBody(await files.getNamespace(c.var.actor, namespace)), 200);
    })
    .openapi(remove, async (c) => {
      const { namespace } = c.req.valid('param');
      const force = c.req.valid('query').force === 'true';
      const deleted = await files.deleteNamespace(c.var.actor, namespace, { force });
      return c.json(toNamespaceBody(deleted), 200);
    });
}
