import type { Context } from 'hono';
import { getConnInfo } from '@hono/node-server/conninfo';
import { trustedList } from './client-address.ts';

export interface AddressOptions {
  /** The URL that clients reach the service by, whatever they asked for; no trailing slash. */
  publicUrl: string | undefined;
  /** Addresses and CIDR ranges whose `X-Forwarded-Host` and `X-Forwarded-Proto` are believed. */
  trustedProxies: string[];
}

const HOST = /^[A-Za-z0-9.-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](?::\d{1,5})?$/;

/** Returns the service's address as the client of a request knows it. */
export type PublicAddress = (c: Context) => string;

export function createPublicAddress({ publicUrl, trustedProxies }: AddressOptions): PublicAddress {
  const trusted = trustedList(trustedProxies);
  return (c) => {
    if (publicUrl !== undefined) return publicUrl;
    const { origin } = new URL(c.req.url);
    const { address = '', addressType } = getConnInfo(c).remote;
    if (!trusted.check(address, addressType === 'IPv6' ? 'ipv6' : 'ipv4')) return origin;
    return forwarded(c, origin);
  };
}

/** Takes the first proxy of a chain, since that is the one that the client asked. */
function forwarded(c: Context, origin: string): string {
  const first = (name: string) => c.req.header(name)?.split(',', 1)[0]?.trim();
  const { protocol, host } = new URL(origin);
  const scheme = first('x-forwarded-proto');
  const name = first('x-forwarded-host');
  const trustedScheme = scheme === 'https' || scheme === 'http' ? `${scheme}:` : protocol;
  return `${trustedScheme}//${name !== undefined && HOST.test(name) ? name : host}`;
}
