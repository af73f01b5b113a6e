import { useSignal } from '@preact/signals';
import { useContext } from 'preact/hooks';
import type { z } from 'zod';
import type { CreateApiKeyRequest } from '../../../api/schemas/api-key.ts';
import { call } from '../api.ts';
import type { CreatedApiKey } from '../contract.ts';
import { TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { textIn } from '../form/proxy-fields.tsx';
import { Scopes, type Scope } from '../scopes.ts';
import { ScopeFields } from './scope-fields.tsx';
import { WorkspaceFields } from './workspace-fields.tsx';

interface NewKeyProps {
  onMade: (made: CreatedApiKey) => void;
  onClose: () => void;
}

/** What programs that drive browsers need. */
const FIRST: readonly Scope[] = [
  'runtimes:read',
  'runtimes:write',
  'runtimes:connect',
  'workspaces:read',
];

export function NewKey({ onMade, onClose }: NewKeyProps) {
  const own = useContext(Scopes);
  const chosen = useSignal<ReadonlySet<Scope>>(new Set(FIRST.filter((one) => own.includes(one))));
  const create = async (entered: FormData, signal: AbortSignal) => {
    const workspaceIds = entered.getAll('workspaceIds').filter((id) => typeof id === 'string');
    const body: z.input<typeof CreateApiKeyRequest> = {
      name: textIn(entered, 'name'),
      scopes: own.filter((scope) => chosen.value.has(scope)),
      ...(workspaceIds.length > 0 && { workspaceIds }),
    };
    onMade(await call<CreatedApiKey>('POST', '/v1/api-keys', { body, signal }));
  };
  return (
    <FormDialog
      title="New API key"
      verb="Create"
      during="Creating…"
      isWide
      act={create}
      onClose={onClose}
    >
      <TextField name="name" label="Name" placeholder="nightly tests" hint="Who or what uses it." />
      <ScopeFields offered={own} chosen={chosen} />
      {!chosen.value.has('admin') && <WorkspaceFields />}
    </FormDialog>
  );
}
