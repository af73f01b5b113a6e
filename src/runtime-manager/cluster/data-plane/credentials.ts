import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HEADERS } from './headers.ts';

/** Keys of HMAC-SHA256 that every process of a cluster has. The first one signs, all verify. */
export type NodeKeys = readonly [Buffer, ...Buffer[]];

/** What an API process asks of a node. Headers that it does not send are empty here. */
export interface Claim {
  method: string;
  path: string;
  /** The node that is meant. */
  nodeId: string;
  ticket: string;
  /** The connection's address as the client sees it. */
  base: string;
  /** For the client that the runtime was made for: what becomes of the runtime when it leaves. */
  first: '' | 'end' | 'keep';
}

/** One end of a line (`line.ts`). */
export interface LineEnd {
  /** Names the line; no other one has the same. */
  name: string;
  side: 'api' | 'node';
}

const CLOCKS_DIFFER_MAX_MS = 30_000;
const SIGNATURE = /^(?<time>\d{1,15})\.(?<mac>[\w-]+)$/;

/**
 * What an API process and a node recognize each other by, beside TLS. A signature holds for one
 * request at one node, for as long as clocks may differ, or for one end of one line.
 */
export class Credentials {
  readonly #keys: NodeKeys;

  constructor(keys: NodeKeys) {
    this.#keys = keys;
  }

  /** The headers that say a claim, and vouch for it. */
  headersFor(claim: Claim): Record<string, string> {
    const { nodeId, ticket, base, first } = claim;
    const time = String(Date.now());
    return {
      [HEADERS.node]: nodeId,
      ...(ticket && { [HEADERS.ticket]: ticket }),
      ...(base && { [HEADERS.base]: base }),
      ...(first && { [HEADERS.first]: first }),
      [HEADERS.signature]: `${time}.${this.#sign(wordsOf(claim, time))}`,
    };
  }

  /** The claim of a request; undefined unless somebody with the keys has made it just now. */
  read({ method = '', url = '', headers }: IncomingMessage): Claim | undefined {
    const text = (name: string) => String(headers[name] ?? '');
    const first = text(HEADERS.first);
    const claim: Claim = {
      method,
      path: url,
      nodeId: text(HEADERS.node),
      ticket: text(HEADERS.ticket),
      base: text(HEADERS.base),
      first: first === 'end' || first === 'keep' ? first : '',
    };
    const { time = '', mac = '' } = SIGNATURE.exec(text(HEADERS.signature))?.groups ?? {};
    const isNow = Math.abs(Date.now() - Number(time)) <= CLOCKS_DIFFER_MAX_MS;
    return this.#isSigned(wordsOf(claim, time), mac) && isNow ? claim : undefined;
  }

  /** A node's answer to whoever asks whether it is there. */
  signPong(nonce: string, nodeId: string): string {
    return this.#sign(['pong', nonce, nodeId]);
  }

  isPong(mac: string, nonce: string, nodeId: string): boolean {
    return this.#isSigned(['pong', nonce, nodeId], mac);
  }

  /** What an end of a line introduces itself with. */
  signLine({ name, side }: LineEnd): string {
    return this.#sign(['line', name, side]);
  }

  isLine(mac: string, { name, side }: LineEnd): boolean {
    return this.#isSigned(['line', name, side], mac);
  }

  #sign(words: string[], key = this.#keys[0]): string {
    // As JSON, since no words may be taken for others.
    return createHmac('sha256', key).update(JSON.stringify(words)).digest('base64url');
  }

  #isSigned(words: string[], mac: string): boolean {
    const given = Buffer.from(mac);
    return this.#keys.some((key) => {
      const expected = Buffer.from(this.#sign(words, key));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  }
}

function wordsOf({ method, path, nodeId, ticket, base, first }: Claim, time: string): string[] {
  return ['request', method, path, time, nodeId, ticket, base, first];
}
