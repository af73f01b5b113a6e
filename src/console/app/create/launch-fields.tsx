import { useSignal } from '@preact/signals';
import { pagesOf } from '../api.ts';
import type { Profiles } from '../contract.ts';
import { ConfigFields } from '../form/config-fields.tsx';
import { CheckField, SelectField } from '../form/fields.tsx';
import { useAll } from '../form/use-all.ts';

const MODES = [
  ['ephemeral', 'Ephemeral: nothing is kept'],
  ['profile', 'Profile: state is saved'],
] as const;

export interface ChosenProfile {
  id: string;
  /** Whether a runtime has it now, so that another one may only read. */
  isHeld: boolean;
}

interface LaunchFieldsProps {
  /** The profile that is chosen already; undefined: none. */
  profile: ChosenProfile | undefined;
}

/** Where the browser's state comes from, and what belongs to a browser without a profile. */
export function LaunchFields({ profile }: LaunchFieldsProps) {
  const mode = useSignal(profile === undefined ? 'ephemeral' : 'profile');
  return (
    <fieldset>
      <legend>Browser</legend>
      <SelectField
        name="launch.mode"
        label="State"
        options={MODES}
        value={mode.value}
        onChange={(value) => (mode.value = value)}
      />
      {mode.value === 'profile' ? (
        <ProfileLaunch profile={profile} />
      ) : (
        <ConfigFields at="launch.config" extensionsAt="launch.extensionIds" />
      )}
    </fieldset>
  );
}

function ProfileLaunch({ profile }: LaunchFieldsProps) {
  const chosen = useSignal(profile?.id);
  const { items, error } = useAll(
    (signal) => pagesOf<Profiles>('/v1/browser-profiles', { signal }),
    ({ profiles }) => profiles,
  );
  const none = items.value?.length === 0;
  const options = items.value?.map(({ id, name }) => [id, name] as const) ?? [['', 'Loading…']];
  return (
    <>
      <SelectField
        name="launch.profileId"
        label="Profile"
        hint={
          error.value ||
          (none
            ? 'There is no profile yet. Create one on the page Profiles.'
            : 'Proxy, locale, time zone, extensions and captchas are those of the profile.')
        }
        options={options}
        value={chosen.value ?? options[0]?.[0] ?? ''}
        onChange={(value) => (chosen.value = value)}
      />
      <CheckField
        name="launch.readOnly"
        label="Read-only"
        hint="A copy of its state, which is discarded. Any number may run beside the one that saves."
        isChecked={profile?.isHeld === true}
      />
    </>
  );
}
