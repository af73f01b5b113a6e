import { call } from '../api.ts';
import type { Profile } from '../contract.ts';
import { ConfigFields } from '../form/config-fields.tsx';
import { TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { FingerprintFields } from '../profiles/fingerprint-fields.tsx';
import { changesIn } from './changes-in.ts';
import type { ProfileView } from './profile-view.ts';

interface EditDialogProps {
  profile: Profile;
  view: ProfileView;
  onClose: () => void;
}

/** Changes the name and the settings of a profile. */
export function EditDialog({ profile, view, onClose }: EditDialogProps) {
  const save = async (entered: FormData, signal: AbortSignal) => {
    const body = changesIn(entered, profile);
    if (Object.keys(body).length > 0) await call('PATCH', view.path, { body, signal });
    await view.load();
    onClose();
  };
  return (
    <FormDialog
      title={`Edit ${profile.name}`}
      verb="Save"
      during="Saving…"
      isWide
      act={save}
      onClose={onClose}
    >
      <p class="dim">
        Settings apply from the next start on. A browser that runs now keeps its own.
      </p>
      <TextField name="name" label="Name" value={profile.name} />
      <fieldset>
        <legend>Browser</legend>
        <ConfigFields at="config" extensionsAt="extensionIds" given={profile} />
      </fieldset>
      <FingerprintFields given={profile.fingerprint} />
    </FormDialog>
  );
}
