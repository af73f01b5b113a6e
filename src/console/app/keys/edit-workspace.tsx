import type { z } from 'zod';
import type { UpdateWorkspaceRequest } from '../../../api/schemas/workspace.ts';
import { call } from '../api.ts';
import type { Workspace } from '../contract.ts';
import { TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { textIn } from '../form/proxy-fields.tsx';

interface EditWorkspaceProps {
  workspace: Workspace;
  onChange: () => Promise<void>;
  onClose: () => void;
}

/** Changes a workspace's name, and where its runtimes keep files. */
export function EditWorkspace({ workspace, onChange, onClose }: EditWorkspaceProps) {
  const { id, name, mounts } = workspace;
  const edit = async (entered: FormData, signal: AbortSignal) => {
    const storage = textIn(entered, 'mounts.storage.workspace');
    const body: z.input<typeof UpdateWorkspaceRequest> = {
      name: textIn(entered, 'name'),
      mounts: storage === '' ? {} : { storage: { workspace: storage } },
    };
    await call('PATCH', `/v1/workspaces/${id}`, { body, signal });
    await onChange();
    onClose();
  };
  return (
    <FormDialog title={`Edit ${name}`} verb="Save" during="Saving…" act={edit} onClose={onClose}>
      <TextField name="name" label="Name" value={name} />
      <TextField
        name="mounts.storage.workspace"
        label="Storage namespace"
        value={mounts.storage?.workspace ?? ''}
        hint="Its runtimes keep files there from their next start on. Empty: each runtime keeps its own files until its record is deleted."
      />
    </FormDialog>
  );
}
