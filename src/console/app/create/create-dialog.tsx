import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { call } from '../api.ts';
import type { Runtime } from '../contract.ts';
import { SelectField, TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { textIn } from '../form/proxy-fields.tsx';
import { hrefOf, navigate } from '../route.ts';
import { readSelection } from '../runtimes/selected-by-address.ts';
import { workspaces } from '../workspaces.ts';
import { DRIVERS, requestIn } from './create-request.ts';
import { LaunchFields, type ChosenProfile } from './launch-fields.tsx';
import { EgressFields, LimitFields, RecordingFields } from './more-fields.tsx';
import { newAlias } from './new-alias.ts';

interface CreateDialogProps {
  /** The profile that it begins with, if one is chosen already. */
  profile?: ChosenProfile;
  onClose: () => void;
}

/** Makes a runtime, and leads to it. */
export function CreateDialog({ profile, onClose }: CreateDialogProps) {
  const options = workspaces.value.map(({ id, name }) => [id, name] as const);
  const workspace = useSignal('');
  return (
    <FormDialog
      title="New runtime"
      verb="Create"
      during="Starting… On a full machine, this waits for a free slot."
      isWide
      act={create}
      onClose={onClose}
    >
      <div class="columns">
        <TextField name="alias" label="Alias" value={useRef(newAlias()).current} />
        <SelectField
          name="workspace"
          label="Workspace"
          options={options}
          value={workspace.value || firstWorkspace()}
          onChange={(value) => (workspace.value = value)}
        />
        <SelectField
          name="driver"
          label="Driver"
          options={DRIVERS}
          hint="All drivers reach the same browser."
        />
      </div>
      <LaunchFields profile={profile} />
      <RecordingFields />
      <LimitFields />
      <EgressFields />
    </FormDialog>
  );
}

/** The workspace that the list is limited to, or else `default`. */
function firstWorkspace(): string {
  const { workspace } = readSelection();
  const all = workspaces.value;
  return workspace || (all.find(({ name }) => name === 'default') ?? all[0])?.id || 'default';
}

async function create(entered: FormData, signal: AbortSignal): Promise<void> {
  const workspace = encodeURIComponent(textIn(entered, 'workspace') || 'default');
  const options = { body: requestIn(entered), signal };
  const made = await call<Runtime>('POST', `/v1/workspaces/${workspace}/runtimes`, options);
  navigate(hrefOf('runtimes', made.workspaceId, made.id));
}
