import { isIP } from 'node:net';
import type { Destination } from './destination.ts';
import { isOfThisMachine } from './own-addresses.ts';
import {
  ReservedServiceAddresses,
  type ReservedService,
  type Resolve,
} from './reserved-services.ts';

/** A place where websockets may enter the service, below a path. */
export interface Entrance extends Destination {
  path: string;
}

/**
 * The ports that the service itself listens at or depends on: its own port, its database, storage
 * and solver, the ports at which browsers are debugged, and those of the helpers around them. No
 * browser may reach any of these.
 */
export class ReservedPorts {
  readonly #held = new Map<number, number>();
  readonly #access = new Map<number, string>();
  readonly #services: ReservedServiceAddresses[];
  readonly #resolve: Resolve | undefined;
  /** The other processes of the cluster, by where they are. */
  #peers = new Map<string, ReservedServiceAddresses>();

  constructor(services: readonly ReservedService[] = [], resolve?: Resolve) {
    this.#resolve = resolve;
    this.#services = services.map((service) => new ReservedServiceAddresses(service, resolve));
  }

  /**
   * Makes a port of this machine one of ours until the result is disposed. Websockets may still be
   * opened below the path `entrance` of that port.
   */
  hold(port: number, entrance?: string): Disposable {
    if (entrance !== undefined) this.#access.set(port, entrance);
    this.#held.set(port, (this.#held.get(port) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#held.get(port) ?? 1) - 1;
        if (left === 0) {
          this.#held.delete(port);
          this.#access.delete(port);
        } else this.#held.set(port, left);
      },
    };
  }

  /** The processes of the cluster from now on, in place of those before. */
  setPeers(peers: readonly ReservedService[]): void {
    const known = this.#peers;
    this.#peers = new Map(
      peers.map((peer) => {
        const name = JSON.stringify(peer);
        return [name, known.get(name) ?? new ReservedServiceAddresses(peer, this.#resolve)];
      }),
    );
  }

  /** Where websockets may enter a port of the service; undefined: nowhere. */
  entranceOf({ host, port }: Destination): Entrance | undefined {
    const path = this.#access.get(port);
    if (path !== undefined) return { host: isIP(host) === 0 ? '127.0.0.1' : host, port, path };
    const entered = this.#reserved()
      .map(({ service }) => service)
      .filter((service) => service.port === port && service.entrance !== undefined);
    // Behind another name may be any of them, and each lets in whoever has a ticket.
    const service = entered.find((one) => one.host === host) ?? entered[0];
    const { entrance } = service ?? {};
    return service && entrance !== undefined
      ? { host: service.host, port, path: entrance }
      : undefined;
  }

  #reserved(): ReservedServiceAddresses[] {
    return [...this.#services, ...this.#peers.values()];
  }

  async has(address: string, port: number): Promise<boolean> {
    if (this.#held.has(port) && isOfThisMachine(address)) return true;
    for (const service of this.#reserved()) {
      if (await service.has(address, port)) return true;
    }
    return false;
  }
}
