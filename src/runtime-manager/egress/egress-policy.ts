import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { classify } from './addresses.ts';
import { DestinationRules } from './destination-rules.ts';
import type { EgressRules } from '../runtime/egress-rules.ts';
import type { Destination } from './destination.ts';
import { EgressRefusal } from './egress-errors.ts';
import { isLocalhost, LOOPBACK } from './localhost.ts';
import type { ReservedPorts } from './reserved-ports.ts';

export interface EgressPolicyOptions {
  /** What may be reached of this machine and of the networks around it; see DestinationRules. */
  allow: readonly string[];
  reservedPorts: ReservedPorts;
}

/** Names that mean something only inside a network. */
const INTERNAL_NAME =
  /^[^.]+$|(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|home\.arpa)$/;
const METADATA_NAME = /^(?:metadata|instance-data|metadata\.google\.internal|metadata\.goog)$/;

/** Which destinations browsers may reach from this machine. */
export class EgressPolicy {
  readonly #allowed: DestinationRules;
  readonly #reservedPorts: ReservedPorts;

  constructor({ allow, reservedPorts }: EgressPolicyOptions) {
    this.#allowed = new DestinationRules(allow);
    this.#reservedPorts = reservedPorts;
  }

  /**
   * The addresses of a destination that may be connected to. Whoever connects has to use these, and
   * not ask for the name again, which might stand for another address by then. Throws EgressRefusal
   * when all addresses are refused, or the error of the lookup.
   */
  async resolve(destination: Destination, narrowing: Narrowing = NOT_NARROWED): Promise<string[]> {
    const { host } = destination;
    narrowing.assertName(host);
    const refusals: EgressRefusal[] = [];
    const addresses: string[] = [];
    for (const address of await addressesOf(host)) {
      const refusal =
        narrowing.refusalOf(host, address) ?? (await this.#refusalOf(destination, address));
      if (refusal) refusals.push(refusal);
      else addresses.push(address);
    }
    const [refusal] = refusals;
    if (addresses.length === 0 && refusal) throw refusal;
    return addresses;
  }

  /**
   * Judges a destination that a proxy will reach, and whose name only the proxy resolves: an
   * address as it is, a name by what the name itself tells. Throws EgressRefusal.
   */
  async assertReachable(destination: Destination, narrowing: Narrowing): Promise<void> {
    const { host } = destination;
    if (isIP(host) !== 0) {
      await this.resolve(destination, narrowing);
      return;
    }
    narrowing.assertName(host);
    const byName = narrowing.refusalOf(host, undefined);
    if (byName) throw byName;
    if (METADATA_NAME.test(host)) throw new EgressRefusal('forbidden_address');
    if (!INTERNAL_NAME.test(host)) return;
    if (isLocalhost(host)) {
      await this.resolve({ ...destination, host: '127.0.0.1' }, narrowing);
    } else if (!this.#allowed.matches(host)) {
      throw new EgressRefusal('internal_name');
    }
  }

  async #refusalOf({ host, port }: Destination, address: string) {
    const kind = classify(address);
    if (kind === 'forbidden') return new EgressRefusal('forbidden_address');
    if (await this.#reservedPorts.has(address, port)) return new EgressRefusal('own_port');
    if (kind === 'private' && !this.#allowed.matches(host, address)) {
      return new EgressRefusal('private_address');
    }
    return undefined;
  }
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  if (isLocalhost(host)) return LOOPBACK;
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** What one runtime may not reach, beside what no runtime may. */
export class Narrowing {
  readonly #allow: DestinationRules | undefined;
  readonly #deny: DestinationRules;

  constructor({ allow, deny }: EgressRules) {
    this.#allow = allow && new DestinationRules(allow);
    this.#deny = new DestinationRules(deny ?? []);
  }

  /** Throws EgressRefusal for a name that is denied, before anybody is asked for its address. */
  assertName(host: string): void {
    if (this.#deny.matches(host)) throw new EgressRefusal('denied');
  }

  /** `address` is undefined when only a proxy knows the address: then no range matches. */
  refusalOf(host: string, address: string | undefined): EgressRefusal | undefined {
    if (this.#deny.matches(host, address)) return new EgressRefusal('denied');
    if (this.#allow && !this.#allow.matches(host, address)) return new EgressRefusal('not_allowed');
    return undefined;
  }
}

const NOT_NARROWED = new Narrowing({});
