import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { parseAddress } from './addresses.ts';

export interface PortAddress {
  host: string;
  port: number;
}

/**
 * What the service itself listens on or lives from: its own port, its database, the ports at which
 * browsers are debugged and the helpers around them. No browser may reach any of it.
 */
export class OwnPorts {
  readonly #held = new Map<number, number>();
  readonly #entrances = new Map<number, string>();
  readonly #services: readonly PortAddress[];

  /** `services`: those on other machines, perhaps. */
  constructor(services: readonly PortAddress[] = []) {
    this.#services = services;
  }

  /**
   * Until it is disposed, a port of this machine is one of ours. Below the path of its `entrance`
   * websockets may be opened all the same.
   */
  hold(port: number, entrance?: string): Disposable {
    if (entrance !== undefined) this.#entrances.set(port, entrance);
    this.#held.set(port, (this.#held.get(port) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#held.get(port) ?? 1) - 1;
        if (left === 0) {
          this.#held.delete(port);
          this.#entrances.delete(port);
        } else this.#held.set(port, left);
      },
    };
  }

  entranceOf(port: number): string | undefined {
    return this.#entrances.get(port);
  }

  async has(address: string, port: number): Promise<boolean> {
    if (this.#held.has(port) && isOfThisMachine(address)) return true;
    for (const service of this.#services) {
      if (service.port === port && (await isAddressOf(address, service.host))) return true;
    }
    return false;
  }
}

function isOfThisMachine(address: string): boolean {
  const range = parseAddress(address)?.range();
  if (range === 'loopback' || range === 'unspecified') return true;
  return Object.values(networkInterfaces()).some((all) =>
    all?.some((one) => isSame(one.address, address)),
  );
}

async function isAddressOf(address: string, host: string): Promise<boolean> {
  const found = await lookup(host, { all: true }).catch(() => []);
  const isHere = isOfThisMachine(address);
  return found.some(
    (one) => isSame(one.address, address) || (isHere && isOfThisMachine(one.address)),
  );
}

function isSame(one: string, other: string): boolean {
  return parseAddress(one)?.toString() === parseAddress(other)?.toString();
}
