import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/**
 * `private`: of this machine or of a network around it. `forbidden`: nothing that a browser has any
 * business with, wherever it runs, such as the address at which a cloud gives out credentials.
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
const IPV4_COMPATIBLE = ipaddr.IPv6.parseCIDR('::/96');

/** What kind an IP address is. One that carries an IPv4 address is no better than that. */
export function classify(address: string): AddressClass {
  const parsed = ipaddr.process(address);
  if (METADATA.has(parsed.toString())) return 'forbidden';
  const range = parsed.range();
  if (FORBIDDEN.has(range)) return 'forbidden';
  const inner = parsed instanceof ipaddr.IPv6 ? embedded(parsed) : undefined;
  if (inner) return classify(inner) === 'forbidden' ? 'forbidden' : 'private';
  return range === 'unicast' ? 'public' : 'private';
}

/** The IPv4 address that a gateway would make of an IPv6 one. */
function embedded(address: IPv6): string | undefined {
  const bytes = address.toByteArray();
  const range = address.range();
  if (range === '6to4') return bytes.slice(2, 6).join('.');
  const isCarrier =
    range === 'rfc6052' ||
    range === 'rfc6145' ||
    (range === 'unicast' && address.match(IPV4_COMPATIBLE));
  return isCarrier ? bytes.slice(12).join('.') : undefined;
}

/** In its shortest form, as IPv4 where it is mapped; undefined for what is no address. */
export function parseAddress(text: string): IPv4 | IPv6 | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined;
}

/**
 * A host in the one form that everything here compares: lower case, no brackets, no dot at its end,
 * an IPv4 address in any spelling (decimal, octal, hexadecimal, short) as its four numbers. Undefined
 * for what no URL could have as its host (https://url.spec.whatwg.org/#host-parsing).
 */
export function canonicalHost(host: string): string | undefined {
  const isBare = host.includes(':') && !host.startsWith('[');
  if (/[\s/?#@\\]/.test(host)) return undefined;
  const parsed = URL.parse(`http://${isBare ? `[${host}]` : host}/`);
  if (!parsed || parsed.port !== '') return undefined;
  const name = parsed.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return name === '' || name.endsWith('.') || name.length > NAME_MAX ? undefined : name;
}
