import { useSignal } from '@preact/signals';
import type { Workspace } from '../contract.ts';
import { RenameDialog } from '../form/rename-dialog.tsx';
import { prefix } from '../route.ts';
import { useMay } from '../scopes.ts';
import { ago, written } from '../times.ts';
import { deleteWorkspace } from './delete-workspace.ts';

interface WorkspaceRowProps {
  workspace: Workspace;
  onChange: () => Promise<void>;
}

export function WorkspaceRow({ workspace, onChange }: WorkspaceRowProps) {
  const { id, name, mounts, createdAt } = workspace;
  const mayWrite = useMay()('workspaces:write');
  const isRenaming = useSignal(false);
  const isBusy = useSignal(false);
  const remove = async () => {
    isBusy.value = true;
    if (await deleteWorkspace(workspace)) await onChange();
    isBusy.value = false;
  };
  return (
    <tr>
      <th scope="row">
        <span class="two">
          <a href={`${prefix}/console/runtimes?workspace=${id}`}>{name}</a>
          <span class="dim">{id}</span>
        </span>
      </th>
      <td class="less">{mounts.storage?.workspace ?? <span class="dim">none</span>}</td>
      <td class="less" title={written(createdAt)}>
        {ago(createdAt)} ago
      </td>
      <td class="act">
        {mayWrite && (
          <span class="buttons">
            <button class="framed" type="button" onClick={() => (isRenaming.value = true)}>
              Rename<span class="unseen"> {name}</span>
            </button>
            <button
              class="framed danger"
              type="button"
              disabled={isBusy.value}
              onClick={() => void remove()}
            >
              Delete<span class="unseen"> {name}</span>
            </button>
          </span>
        )}
        {isRenaming.value && (
          <RenameDialog
            name={name}
            path={`/v1/workspaces/${id}`}
            onRenamed={onChange}
            onClose={() => (isRenaming.value = false)}
          />
        )}
      </td>
    </tr>
  );
}
