import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { pagesOf, sentenceOf } from '../api.ts';
import type { Extension, Profile } from '../contract.ts';
import { CheckField, SelectField, TextField } from '../form/fields.tsx';
import { ProxyFields } from '../form/proxy-fields.tsx';

const MODES = [
  ['ephemeral', 'Ephemeral: fresh, and gone at the end'],
  ['profile', 'Profile: with saved state'],
] as const;

/** Where the browser's state comes from, and what belongs to a browser without a profile. */
export function LaunchFields() {
  const mode = useSignal('ephemeral');
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
      {mode.value === 'profile' ? <ProfileLaunch /> : <EphemeralLaunch />}
    </fieldset>
  );
}

function ProfileLaunch() {
  const { items, error } = useAll('/v1/browser-profiles', ({ profiles }) => profiles);
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
            ? 'There is no profile yet: POST /v1/browser-profiles makes one.'
            : 'Proxy, locale, time zone, extensions and captchas are those of the profile.')
        }
        options={options}
      />
      <CheckField
        name="launch.readOnly"
        label="Read-only"
        hint="A copy of its state, which is thrown away. Any number may run beside the one that writes."
      />
    </>
  );
}

function EphemeralLaunch() {
  const proxyType = useSignal('');
  const isHumanized = useSignal(false);
  const { items } = useAll('/v1/browser-extensions', ({ extensions }) => extensions);
  return (
    <>
      <ProxyFields
        at="launch.config.proxy"
        type={proxyType.value}
        onType={(type) => (proxyType.value = type)}
      />
      <CheckField
        name="launch.config.humanize"
        label="Human-like input"
        hint="The mouse moves in curves and keys have a rhythm, so that commands take longer."
        onChange={(isChecked) => (isHumanized.value = isChecked)}
      />
      {isHumanized.value && (
        <TextField
          name="launch.config.humanizePersonaId"
          label="Persona"
          isNumber
          hint="The same number moves and types in the same way. Empty: one for each runtime."
        />
      )}
      <CheckField
        name="launch.config.solveCaptchas"
        label="Solve captchas"
        hint="Only on sites that you may automate."
      />
      {items.value && items.value.length > 0 && (
        <fieldset class="plain-set">
          <legend>Extensions</legend>
          {items.value.map(({ id, name, version }) => (
            <CheckField
              key={id}
              name="launch.extensionIds"
              value={id}
              label={`${name} ${version}`}
            />
          ))}
        </fieldset>
      )}
    </>
  );
}

interface Page {
  nextCursor?: string;
  profiles?: Profile[];
  extensions?: Extension[];
}

/** All of a list; `read` takes what a page has of it. */
function useAll<T>(path: string, read: (page: Page) => T[] | undefined) {
  const items = useSignal<T[] | undefined>(undefined);
  const error = useSignal('');
  useEffect(() => {
    const leaving = new AbortController();
    const load = async () => {
      const found: T[] = [];
      for await (const page of pagesOf<Page>(path, { signal: leaving.signal })) {
        found.push(...(read(page) ?? []));
      }
      items.value = found;
    };
    load().catch((reason: unknown) => {
      if (!leaving.signal.aborted) error.value = sentenceOf(reason);
    });
    return () => leaving.abort();
  }, []);
  return { items, error };
}
