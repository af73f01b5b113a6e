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
    'Tells also how much the files of the organization have and may have. A key that is limited to workspaces gets the namespaces that these mount.',
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
    'A workspace that mounts a namespace makes it, too. A key that is limited to workspaces cannot create one here.',
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
  description: 'A key that is limited to workspaces finds the namespaces that these mount.',
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
    'One that has files is deleted only with `force=true`, and they with it. A key that is limited to workspaces cannot delete any.',
  request: { params: NamespacePath, query: DeleteNamespaceQuery },
  responses: {
    200: json(NamespaceBody, 'The namespace as it was'),
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
