import { isIP } from 'node:net';
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';
import { canonicalHost, carriedBy, parseAddress } from './addresses.ts';

const EVERYTHING = '*';
const WILDCARD = '*.';

/**
 * A list of destinations. Each rule is an address or a range of addresses (`10.0.0.0/8`,
 * `fd00::/8`), a host name, `*.` and a name for every name below it, or `*` for all. The rules for an
 * IPv4 address also match an IPv6 address that carries it.
 */
export class DestinationRules {
  readonly #names = new Set<string>();
  readonly #suffixes: string[] = [];
  readonly #ranges: [IPv4 | IPv6, number][] = [];
  readonly #isEverything: boolean;

  /** Throws TypeError for the first rule that cannot be read. */
  constructor(rules: readonly string[]) {
    this.#isEverything = rules.includes(EVERYTHING);
    for (const rule of rules) if (rule !== EVERYTHING) this.#add(rule);
  }

  /** Whether a rule matches the name that was asked for, or the address that it stands for. */
  matches(host: string, address?: string): boolean {
    if (this.#isEverything || this.#names.has(host)) return true;
    if (this.#suffixes.some((suffix) => host.endsWith(suffix))) return true;
    const parsed = address === undefined ? undefined : parseAddress(address);
    if (parsed === undefined) return false;
    const carried = carriedBy(parsed);
    return this.#ranges.some(
      (range) => isWithin(parsed, range) || (carried !== undefined && isWithin(carried, range)),
    );
  }

  #add(rule: string): void {
    const range = parseRange(rule);
    if (range) {
      this.#ranges.push(range);
      return;
    }
    const isWildcard = rule.startsWith(WILDCARD);
    const name = canonicalHost(isWildcard ? rule.slice(WILDCARD.length) : rule);
    if (name === undefined || isIP(name) !== 0 || !/^[\w.-]+$/.test(name)) {
      throw new TypeError(`${rule} is not an address, range of addresses or host name`);
    }
    if (isWildcard) this.#suffixes.push(`.${name}`);
    else this.#names.add(name);
  }
}

/** Whether a rule can be read. */
export function isRule(rule: string): boolean {
  try {
    return Boolean(new DestinationRules([rule]));
  } catch {
    return false;
  }
}

function parseRange(rule: string): [IPv4 | IPv6, number] | undefined {
  const address = isIP(rule) === 0 ? undefined : ipaddr.process(rule);
  if (address) return [address, address.kind() === 'ipv4' ? 32 : 128];
  // Short forms, such as 10/8, mean something else to everybody.
  if (isIP(rule.split('/', 1)[0] ?? '') === 0 || !ipaddr.isValidCIDR(rule)) return undefined;
  const [network, bits] = ipaddr.parseCIDR(rule);
  if (!(network instanceof ipaddr.IPv6) || !network.isIPv4MappedAddress()) return [network, bits];
  return bits < 96 ? undefined : [network.toIPv4Address(), bits - 96];
}

function isWithin(address: IPv4 | IPv6, [network, bits]: [IPv4 | IPv6, number]): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}
