import { useSignal } from '@preact/signals';
import type { Workspace } from '../contract.ts';
import { hrefOf, prefix } from '../route.ts';
import { useMay } from '../scopes.ts';
import { since, written } from '../times.ts';
import { deleteWorkspace } from './delete-workspace.ts';
import { EditWorkspace } from './edit-workspace.tsx';

interface WorkspaceRowProps {
  workspace: Workspace;
  onChange: () => Promise<void>;
}

export function WorkspaceRow({ workspace, onChange }: WorkspaceRowProps) {
  const { id, name, mounts, createdAt } = workspace;
  const storage = mounts.storage?.workspace;
  const mayWrite = useMay()('workspaces:write');
  const isEditing = useSignal(false);
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
      <td>
        {storage === undefined ? (
          <span class="dim">none</span>
        ) : (
          <a href={hrefOf('storage', storage)}>{storage}</a>
        )}
      </td>
      <td class="less" title={written(createdAt)}>
        {since(createdAt)}
      </td>
      <td class="act">
        {mayWrite && (
          <span class="buttons">
            <button class="framed" type="button" onClick={() => (isEditing.value = true)}>
              Edit<span class="unseen"> {name}</span>
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
        {isEditing.value && (
          <EditWorkspace
            workspace={workspace}
            onChange={onChange}
            onClose={() => (isEditing.value = false)}
          />
        )}
      </td>
    </tr>
  );
}
