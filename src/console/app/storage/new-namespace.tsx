import { call } from '../api.ts';
import { TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { textIn } from '../form/proxy-fields.tsx';
import { hrefOf, navigate } from '../route.ts';
import type { CreateNamespace, Namespace } from './contract.ts';

/** Makes a namespace, and leads to it. */
export function NewNamespace({ onClose }: { onClose: () => void }) {
  return (
    <FormDialog
      title="New namespace"
      verb="Create"
      during="Creating…"
      act={create}
      onClose={onClose}
    >
      <TextField
        name="name"
        label="Name"
        placeholder="shared"
        hint="Workspaces mount it under this name."
      />
    </FormDialog>
  );
}

async function create(entered: FormData, signal: AbortSignal): Promise<void> {
  const body: CreateNamespace = { name: textIn(entered, 'name') };
  const { name } = await call<Namespace>('POST', '/v1/storage', { body, signal });
  navigate(hrefOf('storage', name));
}
