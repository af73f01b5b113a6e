import { useSignal } from '@preact/signals';
import { pagesOf } from '../api.ts';
import type { Extensions } from '../contract.ts';
import { CheckField, TextField } from './fields.tsx';
import { ProxyFields } from './proxy-fields.tsx';
import { useAll } from './use-all.ts';

interface ConfigFieldsProps {
  /** The path of the configuration in the request. */
  at: string;
  /** The path of the extensions in the request. */
  extensionsAt: string;
}

/** What a browser is configured with. */
export function ConfigFields({ at, extensionsAt }: ConfigFieldsProps) {
  const proxyType = useSignal('');
  const isHumanized = useSignal(false);
  return (
    <>
      <ProxyFields
        at={`${at}.proxy`}
        type={proxyType.value}
        onType={(type) => (proxyType.value = type)}
      />
      <CheckField
        name={`${at}.humanize`}
        label="Human-like input"
        hint="The mouse moves in curves and keys have a rhythm, so that commands take longer."
        onChange={(isChecked) => (isHumanized.value = isChecked)}
      />
      {isHumanized.value && (
        <TextField
          name={`${at}.humanizePersonaId`}
          label="Persona"
          isNumber
          hint="The same number moves and types in the same way. Empty: one for each runtime."
        />
      )}
      <CheckField
        name={`${at}.solveCaptchas`}
        label="Solve captchas"
        hint="Only on sites that you may automate."
      />
      <ExtensionFields at={extensionsAt} />
    </>
  );
}

function ExtensionFields({ at }: { at: string }) {
  const { items } = useAll(
    (signal) => pagesOf<Extensions>('/v1/browser-extensions', { signal }),
    ({ extensions }) => extensions,
  );
  if (!items.value || items.value.length === 0) return null;
  return (
    <fieldset class="plain-set">
      <legend>Extensions</legend>
      {items.value.map(({ id, name, version }) => (
        <CheckField key={id} name={at} value={id} label={`${name} ${version}`} />
      ))}
    </fieldset>
  );
}
