import type { z } from 'zod';
import type { CreateWorkspaceRequest } from '../../../api/schemas/workspace.ts';
import { call } from '../api.ts';
import { TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { textIn } from '../form/proxy-fields.tsx';

interface NewWorkspaceProps {
  onMade: () => Promise<void>;
  onClose: () => void;
}

export function NewWorkspace({ onMade, onClose }: NewWorkspaceProps) {
  const create = async (entered: FormData, signal: AbortSignal) => {
    const storage = textIn(entered, 'mounts.storage.workspace');
    const body: z.input<typeof CreateWorkspaceRequest> = {
      name: textIn(entered, 'name'),
      ...(storage !== '' && { mounts: { storage: { workspace: storage } } }),
    };
    await call('POST', '/v1/workspaces', { body, signal });
    await onMade();
    onClose();
  };
  return (
    <FormDialog
      title="New workspace"
      verb="Create"
      during="Creating…"
      act={create}
      onClose={onClose}
    >
      <TextField name="name" label="Name" placeholder="team-a" />
      <TextField
        name="mounts.storage.workspace"
        label="Storage namespace"
        hint="Where its runtimes keep what they download. Empty: each keeps its own until its record is deleted."
      />
    </FormDialog>
  );
}
