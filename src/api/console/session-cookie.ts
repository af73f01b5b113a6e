import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { ApiEnv } from '../http/api-env.ts';
import type { PublicAddress } from '../http/public-address.ts';
import type { Session, Sessions } from './sessions.ts';

export interface SessionParts {
  sessions: Sessions;
  addressOf: PublicAddress;
}

/** Undefined without a valid session, and for what no page of this service asked. */
export function readSession(
  c: Context<ApiEnv>,
  { sessions, addressOf }: SessionParts,
): Session | undefined {
  const address = addressOf(c);
  const cookie = getCookie(c, cookieAt(address).name);
  return cookie !== undefined && isFromOwnPage(c, address) ? sessions.read(cookie) : undefined;
}

/** Begins a session of the browser that asks. */
export function beginSession(
  c: Context<ApiEnv>,
  key: string,
  { sessions, addressOf }: SessionParts,
): Session {
  const { sealed, ...session } = sessions.begin(key);
  const maxAge = Math.floor((session.expiresAt - Date.now()) / 1000);
  const { name, attributes } = cookieAt(addressOf(c));
  setCookie(c, name, sealed, { ...attributes, maxAge });
  return session;
}

export function endSession(c: Context<ApiEnv>, { addressOf }: SessionParts): void {
  const { name, attributes } = cookieAt(addressOf(c));
  deleteCookie(c, name, attributes);
}

/**
 * Whether a page of this service asks. `SameSite` does not keep out pages of the same host at other
 * ports, so the browser has to say it: https://www.w3.org/TR/fetch-metadata/
 * Browsers do so for HTTPS and for this machine alone. Elsewhere they say which page it is.
 */
export function isFromOwnPage(c: Context<ApiEnv>, address: string): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const page = URL.parse(c.req.header('origin') ?? c.req.header('referer') ?? '');
  return page !== null && page.origin === URL.parse(address)?.origin;
}

/** Over HTTPS, the prefix of its name keeps other hosts of the same domain from setting it. */
function cookieAt(address: string) {
  const secure = address.startsWith('https:');
  return {
    name: secure ? '__Host-bctrl_session' : 'bctrl_session',
    attributes: { httpOnly: true, sameSite: 'Strict', path: '/', secure },
  } as const;
}
