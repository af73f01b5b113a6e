import { createRoute, z } from '@hono/zod-openapi';
import type { Db } from '../../db/client.ts';
import {
  deleteWorkspace,
  findWorkspace,
  insertWorkspace,
  listWorkspaces,
  updateWorkspace,
  type Workspace,
} from '../../db/queries/workspaces.ts';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import { ApiError } from '../http/errors.ts';
import {
  bearer,
  BODY_ERRORS,
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
} from '../http/openapi.ts';
import { createRouter } from '../http/router.ts';
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

const common = { tags: ['Workspaces'], security: bearer };

const createWorkspace = createRoute({
  ...common,
  operationId: 'workspaces-create',
  method: 'post',
  path: '/v1/workspaces',
  summary: 'Create a workspace',
  parameters: [IdempotencyKeyHeader],
  request: jsonBody(CreateWorkspaceRequest),
  responses: {
    200: json(WorkspaceBody, 'The workspace'),
    ...errors(...POST_ERRORS, 'workspace.name_in_use'),
  },
});

const list = createRoute({
  ...common,
  operationId: 'workspaces-list',
  method: 'get',
  path: '/v1/workspaces',
  summary: 'List workspaces, newest first',
  request: { query: z.strictObject(paging) },
  responses: { 200: json(WorkspaceList, 'A page of workspaces'), ...errors() },
});

const get = createRoute({
  ...common,
  operationId: 'workspaces-get',
  method: 'get',
  path: '/v1/workspaces/{id}',
  summary: 'Get a workspace',
  request: { params: WorkspacePath },
  responses: { 200: json(WorkspaceBody, 'The workspace'), ...errors('workspace.not_found') },
});

const update = createRoute({
  ...common,
  operationId: 'workspaces-update',
  method: 'patch',
  path: '/v1/workspaces/{id}',
  summary: 'Rename a workspace or change what it mounts',
  description: 'What it mounts counts for runtimes created from then on.',
  request: { params: WorkspacePath, ...jsonBody(UpdateWorkspaceRequest) },
  responses: {
    200: json(WorkspaceBody, 'The workspace'),
    ...errors(...BODY_ERRORS, 'workspace.not_found', 'workspace.name_in_use'),
  },
});

const remove = createRoute({
  ...common,
  operationId: 'workspaces-delete',
  method: 'delete',
  path: '/v1/workspaces/{id}',
  summary: 'Delete a workspace with the records of its runtimes',
  request: { params: WorkspacePath, query: DeleteWorkspaceQuery },
  responses: {
    200: json(WorkspaceBody, 'The workspace as it was'),
    ...errors('workspace.not_found', 'workspace.has_active_runtimes'),
  },
});

export function workspaceRoutes({ db, runtimes }: { db: Db; runtimes: RuntimeManager }) {
  return createRouter()
    .openapi(createWorkspace, async (c) => {
      const { name, mounts } = c.req.valid('json');
      const made = await insertWorkspace(db, c.var.actor.organizationId, { name, mounts });
      if (!made) throw nameInUse(name);
      return c.json(toWorkspaceBody(made), 200);
    })
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const page = await listWorkspaces(db, c.var.actor.organizationId, { cursor, limit });
      const workspaces = page.items.map(toWorkspaceBody);
      return c.json({ workspaces, nextCursor: page.nextCursor }, 200);
    })
    .openapi(get, async (c) => {
      const { id } = c.req.valid('param');
      const workspace = await getWorkspace(db, c.var.actor.organizationId, id);
      return c.json(toWorkspaceBody(workspace), 200);
    })
    .openapi(update, async (c) => {
      const { id } = c.req.valid('param');
      const changes = c.req.valid('json');
      const updated = await updateWorkspace(db, c.var.actor.organizationId, id, changes);
      if (updated === 'absent') throw absent();
      if (updated === 'name_in_use') throw nameInUse(changes.name);
      return c.json(toWorkspaceBody(updated), 200);
    })
    .openapi(remove, async (c) => {
      const { actor } = c.var;
      const workspace = await getWorkspace(db, actor.organizationId, c.req.valid('param').id);
      if (c.req.valid('query').force === 'true') await runtimes.stopAll(actor, workspace.id);
      const result = await deleteWorkspace(db, actor.organizationId, workspace.id);
      if (result === 'absent') throw absent();
      if (result === 'has_active_runtimes') throw hasActiveRuntimes();
      return c.json(toWorkspaceBody(workspace), 200);
    });
}

async function getWorkspace(db: Db, organizationId: string, ref: string): Promise<Workspace> {
  const workspace = await findWorkspace(db, organizationId, ref);
  if (!workspace) throw absent();
  return workspace;
}

function absent(): ApiError {
  return new ApiError('workspace.not_found', 'There is no such workspace.');
}

function nameInUse(name: string | undefined): ApiError {
  return new ApiError('workspace.name_in_use', `A workspace has the name ${name}.`);
}

function hasActiveRuntimes(): ApiError {
  return new ApiError('workspace.has_active_runtimes', 'The workspace has active runtimes.', {
    hint: 'Stop them first, or delete with ?force=true, which does.',
  });
}
