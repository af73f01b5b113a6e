import { call } from '../api.ts';
import type { Profile } from '../contract.ts';
import { TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { textIn } from '../form/proxy-fields.tsx';
import type { ForkProfile } from '../profiles/contract.ts';
import { hrefOf, navigate } from '../route.ts';

interface ForkDialogProps {
  profile: Profile;
  /** Undefined: the current version. */
  version?: number;
  onClose: () => void;
}

/** Makes another profile from a version of this one, and leads to it. */
export function ForkDialog({ profile, version, onClose }: ForkDialogProps) {
  const fork = async (entered: FormData, signal: AbortSignal) => {
    const name = textIn(entered, 'name');
    const body: ForkProfile = { name, ...(version !== undefined && { version }) };
    const path = `/v1/browser-profiles/${profile.id}/fork`;
    const { id } = await call<Profile>('POST', path, { body, signal });
    navigate(hrefOf('profiles', id));
  };
  const from = version ?? profile.currentVersion;
  return (
    <FormDialog
      title={`Fork ${profile.name}`}
      verb="Fork"
      during="Copying its state…"
      act={fork}
      onClose={onClose}
    >
      <TextField
        name="name"
        label="Name of the new profile"
        value={`${profile.name} (fork)`}
        hint={
          from === null
            ? 'The fork has the same settings. This profile has no saved version yet.'
            : `The fork has the same settings, and begins with version ${from}. After that the two are independent.`
        }
      />
    </FormDialog>
  );
}
