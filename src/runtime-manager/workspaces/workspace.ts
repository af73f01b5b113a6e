/** What a workspace shares with others: `storage.workspace` names a storage namespace. */
export interface WorkspaceMounts {
  storage?: { workspace: string } | undefined;
}

/** An isolated container: the boundary of a task. */
export interface Workspace {
  id: string;
  organizationId: string;
  name: string;
  mounts: WorkspaceMounts;
  createdAt: Date;
  updatedAt: Date;
}

export type WorkspaceValues = Pick<Workspace, 'name' | 'mounts'>;

/** What is undefined stays as it is. */
export type WorkspaceChanges = {
  [Field in keyof WorkspaceValues]?: WorkspaceValues[Field] | undefined;
};
