import { z } from '@hono/zod-openapi';
import type { Workspace } from '../../runtime-manager/runtime/index.ts';
import { Name } from './name.ts';
import { nextCursor } from './paging.ts';

const Mounts = z
  .strictObject({
    storage: z
      .strictObject({
        workspace: Name.openapi({
          description:
            'The name of a storage namespace, which is created if it does not exist. Workspaces may share one.',
        }),
      })
      .optional(),
  })
  .openapi('WorkspaceMounts');

export const WorkspacePath = z.object({
  id: z.string().openapi({ description: "The workspace's id or name.", example: 'default' }),
});

export const CreateWorkspaceRequest = z
  .strictObject({ name: Name, mounts: Mounts.default({}) })
  .openapi('CreateWorkspaceRequest', { example: { name: 'research' } });

export const UpdateWorkspaceRequest = z
  .strictObject({ name: Name.optional(), mounts: Mounts.optional() })
  .openapi('UpdateWorkspaceRequest', { example: { mounts: { storage: { workspace: 'shared' } } } });

export const DeleteWorkspaceQuery = z.strictObject({
  force: z.enum(['true', 'false']).default('false').openapi({
    description:
      'Whether to stop active runtimes first. Otherwise, a workspace that has active runtimes is not deleted.',
  }),
});

export const WorkspaceBody = z
  .object({
    id: z.uuid(),
    name: z.string(),
    mounts: Mounts,
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Workspace');

export const WorkspaceList = z
  .object({ workspaces: z.array(WorkspaceBody), nextCursor })
  .openapi('WorkspaceList');

export function toWorkspaceBody(workspace: Workspace): z.infer<typeof WorkspaceBody> {
  const { id, name, mounts, createdAt, updatedAt } = workspace;
  return {
    id,
    name,
    mounts,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
