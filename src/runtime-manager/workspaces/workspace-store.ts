import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { Workspace, WorkspaceChanges, WorkspaceValues } from './workspace.ts';

/**
 * What the core needs of a database for workspaces; another organization's workspaces do not exist.
 */
export interface WorkspaceStore {
  /** Undefined when the name is taken. */
  insert(organizationId: string, values: WorkspaceValues): Promise<Workspace | undefined>;
  /** By an id or a name. */
  find(organizationId: string, ref: string): Promise<Workspace | undefined>;
  /** Newest first; only the workspaces of `ids`, when given. */
  list(
    organizationId: string,
    filter: { ids: readonly string[] | undefined },
    page: PageRequest,
  ): Promise<Page<Workspace>>;
  update(
    organizationId: string,
    id: string,
    changes: WorkspaceChanges,
  ): Promise<Workspace | 'absent' | 'name_in_use'>;
  /** Removes a workspace with the records of its runtimes, unless one of them is active. */
  remove(organizationId: string, id: string): Promise<'removed' | 'absent' | 'has_active_runtimes'>;
}
