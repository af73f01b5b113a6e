import type { ProxyChange } from '../contract.ts';
import { SelectField, TextField } from './fields.tsx';

type ProxyType = NonNullable<ProxyChange['proxy']>['type'];

const TYPES = [
  ['', 'None: directly'],
  ['http', 'HTTP'],
  ['socks5', 'SOCKS5'],
] as const;

interface ProxyFieldsProps {
  /** The path of the proxy in the request. */
  at: string;
  type: string;
  onType: (type: string) => void;
}

export function ProxyFields({ at, type, onType }: ProxyFieldsProps) {
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
        <div class="columns">
          <TextField name={`${at}.host`} label="Host" placeholder="proxy.example.com" />
          <TextField name={`${at}.port`} label="Port" isNumber placeholder="3128" />
          <TextField name={`${at}.username`} label="User (if it asks)" />
          <TextField name={`${at}.password`} label="Password" isSecret />
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
