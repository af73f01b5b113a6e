import { lookup } from 'node:dns/promises';
import { classify } from './addresses.ts';
import { isOfThisMachine, isSame } from './own-addresses.ts';

/** A server that the service depends on, perhaps on another machine. */
export interface ReservedService {
  host: string;
  port: number;
  /** Whether pages may still reach it at public addresses, where everybody can. */
  isOpenIfPublic?: boolean;
  /** Websockets may be opened below this path. */
  entrance?: string;
}

/** How long the resolver is not asked again for a name. */
const FRESH_MS = 5000;

export type Resolve = (host: string) => Promise<string[]>;

/** One such server, with all addresses that its name was ever found to stand for. */
export class ReservedServiceAddresses {
  readonly service: ReservedService;
  readonly #resolve: Resolve;
  readonly #known = new Set<string>();
  #asked: Promise<boolean> | undefined;
  #askedAt = 0;

  constructor(service: ReservedService, resolve: Resolve = resolveAll) {
    this.service = service;
    this.#resolve = resolve;
  }

  /**
   * Whether an address is the server's. The resolver is asked only when everything else fits. While
   * the resolver is away, every address may be the server's.
   */
  async has(address: string, port: number): Promise<boolean> {
    if (port !== this.service.port) return false;
    if (this.service.isOpenIfPublic === true && classify(address) === 'public') return false;
    if (this.#knows(address)) return true;
    return !(await this.#ask()) || this.#knows(address);
  }

  #knows(address: string): boolean {
    const isHere = isOfThisMachine(address);
    return [...this.#known].some((one) => isSame(one, address) || (isHere && isOfThisMachine(one)));
  }

  /** False when the resolver does not answer. */
  #ask(): Promise<boolean> {
    const now = performance.now();
    if (this.#asked && now - this.#askedAt < FRESH_MS) return this.#asked;
    this.#askedAt = now;
    this.#asked = this.#resolve(this.service.host).then(
      (found) => {
        for (const address of found) this.#known.add(address);
        return true;
      },
      (error: unknown) => {
        this.#asked = undefined;
        return isUnknownName(error);
      },
    );
    return this.#asked;
  }
}

async function resolveAll(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function isUnknownName(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOTFOUND';
}
