import { lookup } from 'node:dns/promises';
import { classify } from './addresses.ts';
import { isOfThisMachine, isSame } from './own-addresses.ts';

/** Something that the service lives from, on another machine perhaps. */
export interface ReservedService {
  host: string;
  port: number;
  /** Pages reach it all the same at public addresses, where everybody does. */
  isOpenIfPublic?: boolean;
}

/** So long what a name was found to stand for is not asked again. */
const FRESH_MS = 5000;

export type Resolve = (host: string) => Promise<string[]>;

/** One service, with all addresses that its name was ever found to stand for. */
export class ReservedServiceAddresses {
  readonly #service: ReservedService;
  readonly #resolve: Resolve;
  readonly #known = new Set<string>();
  #asked: Promise<boolean> | undefined;
  #askedAt = 0;

  constructor(service: ReservedService, resolve: Resolve = resolveAll) {
    this.#service = service;
    this.#resolve = resolve;
  }

  /**
   * Whether an address is the service's. The name is asked only when all else fits, and while the
   * resolver is away every address may be the service's.
   */
  async has(address: string, port: number): Promise<boolean> {
    if (port !== this.#service.port) return false;
    if (this.#service.isOpenIfPublic === true && classify(address) === 'public') return false;
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
    this.#asked = this.#resolve(this.#service.host).then(
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
