import { useSignal } from '@preact/signals';
import { pagesOf } from '../api.ts';
import type { Extensions, Profile } from '../contract.ts';
import { CheckField, TextField } from './fields.tsx';
import { ProxyFields } from './proxy-fields.tsx';
import { useAll } from './use-all.ts';

interface ConfigFieldsProps {
  /** The path of the configuration in the request. */
  at: string;
  /** The path of the extensions in the request. */
  extensionsAt: string;
  /** What it is configured with now. */
  given?: Pick<Profile, 'config' | 'extensionIds'>;
}

/** What a browser is configured with. */
export function ConfigFields({ at, extensionsAt, given }: ConfigFieldsProps) {
  const { proxy, humanize = false, humanizePersonaId, solveCaptchas } = given?.config ?? {};
  const proxyType = useSignal<string>(proxy?.type ?? '');
  const isHumanized = useSignal(humanize);
  return (
    <>
      <ProxyFields
        at={`${at}.proxy`}
        given={proxy ?? undefined}
        type={proxyType.value}
        onType={(type) => (proxyType.value = type)}
      />
      <CheckField
        name={`${at}.humanize`}
        label="Human-like input"
        hint="The mouse moves in curves and keys have a rhythm, so that commands take longer."
        isChecked={humanize}
        onChange={(isChecked) => (isHumanized.value = isChecked)}
      />
      {isHumanized.value && (
        <TextField
          name={`${at}.humanizePersonaId`}
          label="Persona"
          isNumber
          value={humanizePersonaId?.toString()}
          hint="The same number moves and types in the same way. Empty: one for each runtime."
        />
      )}
      <CheckField
        name={`${at}.solveCaptchas`}
        label="Solve captchas"
        hint="Only on sites that you may automate."
        isChecked={solveCaptchas}
      />
      <ExtensionFields at={extensionsAt} chosen={given?.extensionIds ?? []} />
    </>
  );
}

function ExtensionFields({ at, chosen }: { at: string; chosen: string[] }) {
  const { items } = useAll(
    (signal) => pagesOf<Extensions>('/v1/browser-extensions', { signal }),
    ({ extensions }) => extensions,
  );
  // Until they can be chosen from, those of now stay.
  if (!items.value)
    return chosen.map((id) => <input key={id} type="hidden" name={at} value={id} />);
  if (items.value.length === 0) return null;
  return (
    <fieldset class="plain-set">
      <legend>Extensions</legend>
      {items.value.map(({ id, name, version }) => (
        <CheckField
          key={id}
          name={at}
          value={id}
          label={`${name} ${version}`}
          isChecked={chosen.includes(id)}
        />
      ))}
    </fieldset>
  );
}
