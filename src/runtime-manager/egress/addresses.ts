import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/**
 * `private`: an address of this machine or of a network around it. `forbidden`: one that no browser
 * has any business with anywhere, such as the address at which a cloud gives out credentials.
 */
export type AddressClass = 'public' | 'private' | 'forbidden';

/** Where clouds tell machines about themselves, outside the link-local ranges. */
const METADATA = new Set([
  '100.100.100.200', // Alibaba Cloud
  '168.63.129.16', // Azure
  '192.0.0.192', // Oracle Cloud
  'fd00:ec2::254', // AWS
  'fd20:ce::254', // Google Cloud
]);
const FORBIDDEN = new Set(['linkLocal', 'multicast', 'broadcast']);
/** RFC 1035; SOCKS5 has one byte for the length. */
const NAME_MAX = 253;
/** All addresses that the world assigns to hosts (RFC 4291); the others are local, or nobody's. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
const INSIDE = new Set(['loopback', 'uniqueLocal']);
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
const SIX_TO_FOUR = ipaddr.IPv6.parseCIDR('2002::/16');
const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR('::/96');

/**
 * What kind an IP address is. An address of NAT64 or 6to4 stands for the IPv4 address that it
 * carries, and is of the same kind.
 */
export function classify(address: string): AddressClass {
  const parsed = ipaddr.process(address);
  if (METADATA.has(parsed.toString())) return 'forbidden';
  const range = parsed.range();
  if (FORBIDDEN.has(range)) return 'forbidden';
  if (parsed instanceof ipaddr.IPv4) return range === 'unicast' ? 'public' : 'private';
  if (INSIDE.has(range)) return 'private';
  const carried = parsed.match(IPV4_COMPATIBLE) ? undefined : carriedBy(parsed);
  if (carried) return classify(carried.toString());
  if (!parsed.match(GLOBAL_UNICAST)) return 'forbidden';
  return range === 'unicast' ? 'public' : 'private';
}

/** The IPv4 address that an IPv6 address carries; undefined: it carries none. */
export function carriedBy(address: IPv4 | IPv6): IPv4 | undefined {
  if (address instanceof ipaddr.IPv4) return undefined;
  const bytes = address.toByteArray();
  if (address.match(SIX_TO_FOUR)) return new ipaddr.IPv4(bytes.slice(2, 6));
  // Neither :: nor ::1, which are of other ranges.
  const isCompatible = address.range() === 'unicast' && address.match(IPV4_COMPATIBLE);
  return isCompatible || address.match(NAT64) ? new ipaddr.IPv4(bytes.slice(12)) : undefined;
}

/** An address as IPv4 where it is a mapped one; undefined for a text that is not an address. */
export function parseAddress(text: string): IPv4 | IPv6 | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
}

/**
 * A host in the one form that everything here compares: lower case, no brackets, no dot at its end,
 * an IPv4 address in any spelling (decimal, octal, hexadecimal, short) as its four numbers. Undefined
 * for a text that no URL could have as its host (https://url.spec.whatwg.org/#host-parsing).
 */
export function canonicalHost(host: string): string | undefined {
  const isBare = host.includes(':') && !host.startsWith('[');
  if (/[\s/?#@\\]/.test(host)) return undefined;
  const parsed = URL.parse(`http://${isBare ? `[${host}]` : host}/`);
  if (!parsed || parsed.port !== '') return undefined;
  const name = parsed.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return name === '' || name.endsWith('.') || name.length > NAME_MAX ? undefined : name;
}
