import { isOfThisMachine } from './own-addresses.ts';
import {
  ReservedServiceAddresses,
  type ReservedService,
  type Resolve,
} from './reserved-services.ts';

/**
 * The ports that the service itself listens at or depends on: its own port, its database, storage
 * and solver, the ports at which browsers are debugged, and those of the helpers around them. No
 * browser may reach any of these.
 */
export class ReservedPorts {
  readonly #held = new Map<number, number>();
  readonly #access = new Map<number, string>();
  readonly #services: ReservedServiceAddresses[];

  constructor(services: readonly ReservedService[] = [], resolve?: Resolve) {
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

  entranceOf(port: number): string | undefined {
    return this.#access.get(port);
  }

  async has(address: string, port: number): Promise<boolean> {
    if (this.#held.has(port) && isOfThisMachine(address)) return true;
    for (const service of this.#services) {
      if (await service.has(address, port)) return true;
    }
    return false;
  }
}
