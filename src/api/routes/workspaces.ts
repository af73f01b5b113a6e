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
  description:
    'Creates a workspace and returns it. A key that is limited to workspaces cannot create one.',
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
  description:
    'Returns up to `limit` workspaces. A key that is limited to workspaces gets only those.',
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
  description: 'Returns the workspace with this id or name.',
  request: { params: WorkspacePath },
  responses: { 200: json(WorkspaceBody, 'The workspace'), ...errors('workspace.not_found') },
});

const update = createRoute({
  ...common,
  ...requires('workspaces:write'),
  operationId: 'workspaces-update',
  method: 'patch',
  path: '/v1/workspaces/{id}',
  summary: 'Rename a workspace or change its mounts',
  description:
    'Changes the given fields and returns the workspace. New mounts apply to runtimes that are created afterwards. A key that is limited to workspaces can mount new storage namespaces, and those that its workspaces already mount.',
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
  summary: 'Delete a workspace and the records of its runtimes',
  description:
    'Deletes and returns the workspace. If it has active runtimes, the request is rejected with 409 `workspace.has_active_runtimes`, unless `force=true`. Profiles, extensions and files remain, because they belong to the organization.',
  request: { params: WorkspacePath, query: DeleteWorkspaceQuery },
  responses: {
    200: json(WorkspaceBody, 'The deleted workspace'),
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
