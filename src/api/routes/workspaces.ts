import { createRoute, z } from '@hono/zod-openapi';
import type { Workspaces } from '../../runtime-manager/runtime/index.ts';
import {
  BODY_ERRORS,
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { createRouter } from '../http/api-env.ts';
import { paging } from '../schemas/paging.ts';
import {
  CreateWorkspaceRequest,
  DeleteWorkspaceQuery,
  UpdateWorkspaceRequest,
  WorkspaceBody,
  WorkspaceList,
  WorkspacePath,
  toWorkspaceBody,
} from '../schemas/workspace.ts';

const common = { tags: ['Workspaces'] };

const createWorkspace = createRoute({
  ...common,
  ...requires('workspaces:write'),
  operationId: 'workspaces-create',
  method: 'post',
  path: '/v1/workspaces',
  summary: 'Create a workspace',
  description: 'A key that is limited to workspaces cannot create one.',
  parameters: [IdempotencyKeyHeader],
  request: jsonBody(CreateWorkspaceRequest),
  responses: {
    200: json(WorkspaceBody, 'The workspace'),
    ...errors(...POST_ERRORS, 'workspace.name_in_use'),
  },
});

const list = createRoute({
  ...common,
  ...requires('workspaces:read'),
  operationId: 'workspaces-list',
  method: 'get',
  path: '/v1/workspaces',
  summary: 'List workspaces, newest first',
  description: 'A key that is limited to workspaces gets only those.',
  request: { query: z.strictObject(paging) },
  responses: { 200: json(WorkspaceList, 'A page of workspaces'), ...errors() },
});

const get = createRoute({
  ...common,
  ...requires('workspaces:read'),
  operationId: 'workspaces-get',
  method: 'get',
  path: '/v1/workspaces/{id}',
  summary: 'Get a workspace',
  description: 'By its id or its name.',
  request: { params: WorkspacePath },
  responses: { 200: json(WorkspaceBody, 'The workspace'), ...errors('workspace.not_found') },
});

const update = createRoute({
  ...common,
  ...requires('workspaces:write'),
  operationId: 'workspaces-update',
  method: 'patch',
  path: '/v1/workspaces/{id}',
  summary: 'Rename a workspace or change what it mounts',
  description:
    'New mounts apply to runtimes that are created afterwards. A key that is limited to workspaces can mount the storage namespaces that these mount, and new ones.',
  request: { params: WorkspacePath, ...jsonBody(UpdateWorkspaceRequest) },
  responses: {
    200: json(WorkspaceBody, 'The workspace'),
    ...errors(...BODY_ERRORS, 'workspace.not_found', 'workspace.name_in_use'),
  },
});

const remove = createRoute({
  ...common,
  ...requires('workspaces:write'),
  operationId: 'workspaces-delete',
  method: 'delete',
  path: '/v1/workspaces/{id}',
  summary: 'Delete a workspace with the records of its runtimes',
  description:
    'Deletes its records of runtimes too. Profiles, extensions and files stay: they belong to the organization.',
  request: { params: WorkspacePath, query: DeleteWorkspaceQuery },
  responses: {
    200: json(WorkspaceBody, 'The workspace as it was'),
    ...errors('workspace.not_found', 'workspace.has_active_runtimes'),
  },
});

export function workspaceRoutes({ workspaces }: { workspaces: Workspaces }) {
  return createRouter()
    .openapi(createWorkspace, async (c) => {
      const made = await workspaces.create(c.var.actor, c.req.valid('json'));
      c.set('targetId', made.id);
      return c.json(toWorkspaceBody(made), 200);
    })
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const { items, nextCursor } = await workspaces.list(c.var.actor, { cursor, limit });
      return c.json({ workspaces: items.map(toWorkspaceBody), nextCursor }, 200);
    })
    .openapi(get, async (c) => {
      const found = await workspaces.get(c.var.actor, c.req.valid('param').id);
      return c.json(toWorkspaceBody(found), 200);
    })
    .openapi(update, async (c) => {
      const { id } = c.req.valid('param');
      const updated = await workspaces.update(c.var.actor, id, c.req.valid('json'));
      c.set('targetId', updated.id);
      return c.json(toWorkspaceBody(updated), 200);
    })
    .openapi(remove, async (c) => {
      const force = c.req.valid('query').force === 'true';
      const deleted = await workspaces.delete(c.var.actor, c.req.valid('param').id, { force });
      c.set('targetId', deleted.id);
      return c.json(toWorkspaceBody(deleted), 200);
    });
}
