import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** Returns the IP address of the client that sent a request. */
export type ClientAddress = (request: IncomingMessage) => string;

/** The addresses and CIDR ranges of proxies whose headers are believed. */
export function trustedList(ranges: readonly string[]): BlockList {
  const trusted = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  return trusted;
}

/** Takes the last address of the chain that is no trusted proxy: earlier ones can be forged. */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = trustedList(trustedProxies);
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  return ({ socket, headers }) => {
    const chain = String(headers['x-forwarded-for'] ?? '')
      .split(',')
      .map((address) => address.trim())
      .filter((address) => isIP(address) !== 0);
    const hops = [...chain, socket.remoteAddress ?? ''];
    return hops.findLast((address) => !isTrusted(address)) ?? socket.remoteAddress ?? '';
  };
}
