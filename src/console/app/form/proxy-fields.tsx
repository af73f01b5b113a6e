import type { Profile, ProxyChange } from '../contract.ts';
import { SelectField, TextField } from './fields.tsx';

type ProxyType = NonNullable<ProxyChange['proxy']>['type'];

const TYPES = [
  ['', 'None: direct connection'],
  ['http', 'HTTP'],
  ['socks5', 'SOCKS5'],
] as const;

const KEPT =
  'The password is kept, but never shown. If you change something about the browser, enter it again.';

interface ProxyFieldsProps {
  /** The path of the proxy in the request. */
  at: string;
  type: string;
  onType: (type: string) => void;
  /** The proxy of now, whose password is not known here. */
  given?: Profile['config']['proxy'] | undefined;
}

export function ProxyFields({ at, type, onType, given }: ProxyFieldsProps) {
  return (
    <>
      <SelectField
        name={`${at}.type`}
        label="Proxy"
        options={TYPES}
        value={type}
        onChange={onType}
      />
      {type !== '' && (
        <div class="columns pairs">
          <TextField
            name={`${at}.host`}
            label="Host"
            placeholder="proxy.example.com"
            value={given?.host}
          />
          <TextField
            name={`${at}.port`}
            label="Port"
            isNumber
            placeholder="3128"
            value={given?.port.toString()}
          />
          <TextField
            name={`${at}.username`}
            label="User (if the proxy asks)"
            value={given?.username}
          />
          <TextField
            name={`${at}.password`}
            label="Password"
            isSecret
            hint={given?.username === undefined ? undefined : KEPT}
          />
        </div>
      )}
    </>
  );
}

/** What was entered; the service judges it. */
export function proxyIn(form: FormData, at: string): NonNullable<ProxyChange['proxy']> | null {
  const type = textIn(form, `${at}.type`);
  if (!isProxyType(type)) return null;
  const username = textIn(form, `${at}.username`);
  const password = textIn(form, `${at}.password`);
  return {
    type,
    host: textIn(form, `${at}.host`),
    port: Number(textIn(form, `${at}.port`)),
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
  };
}

export function textIn(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}

function isProxyType(text: string): text is ProxyType {
  return text === 'http' || text === 'socks5';
}
