import { call } from '../api.ts';
import type { Profile } from '../contract.ts';
import { ConfigFields } from '../form/config-fields.tsx';
import { configIn, extensionIdsIn } from '../form/config-in.ts';
import { TextField } from '../form/fields.tsx';
import { FormDialog } from '../form/form-dialog.tsx';
import { textIn } from '../form/proxy-fields.tsx';
import { hrefOf, navigate } from '../route.ts';
import type { CreateProfile } from './contract.ts';
import { FingerprintFields, fingerprintIn } from './fingerprint-fields.tsx';

/** Makes a profile, and leads to it. */
export function NewProfile({ onClose }: { onClose: () => void }) {
  return (
    <FormDialog
      title="New profile"
      verb="Create"
      during="Creating…"
      isWide
      act={create}
      onClose={onClose}
    >
      <TextField name="name" label="Name" placeholder="shop account 1" />
      <fieldset>
        <legend>Browser</legend>
        <ConfigFields at="config" extensionsAt="extensionIds" />
      </fieldset>
      <FingerprintFields />
    </FormDialog>
  );
}

async function create(entered: FormData, signal: AbortSignal): Promise<void> {
  const options = { body: requestIn(entered), signal };
  const { id } = await call<Profile>('POST', '/v1/browser-profiles', options);
  navigate(hrefOf('profiles', id));
}

function requestIn(form: FormData): CreateProfile {
  return {
    name: textIn(form, 'name'),
    config: configIn(form, 'config'),
    extensionIds: extensionIdsIn(form, 'extensionIds'),
    fingerprint: fingerprintIn(form),
  };
}
