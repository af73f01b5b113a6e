import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { RuntimeError } from '../errors.ts';

const Ticket = z.object({ runtimeId: z.uuid(), expiresAt: z.number() });

export interface SignedTicket {
  ticket: string;
  expiresAt: Date;
}

/**
 * The credentials inside connection URLs: `<base64url payload>.<HMAC-SHA256>`. The key lives as
 * long as the process, and so do the browsers that its tickets open.
 */
export class Tickets {
  readonly #key = randomBytes(32);
  readonly #ttlMs: number;

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  issue(runtimeId: string): SignedTicket {
    const expiresAt = new Date(Date.now() + this.#ttlMs);
    const payload = encode(JSON.stringify({ runtimeId, expiresAt: expiresAt.getTime() }));
    return { ticket: `${payload}.${this.#sign(payload)}`, expiresAt };
  }

  /** The runtime a ticket is for. Throws `connection.ticket_invalid` or `connection.ticket_expired`. */
  redeem(ticket: string): string {
    const [payload = '', signature = '', ...rest] = ticket.split('.');
    if (rest.length > 0 || !this.#isSignature(payload, signature)) {
      throw new RuntimeError('connection.ticket_invalid', 'This connection ticket is not valid.');
    }
    const { runtimeId, expiresAt } = Ticket.parse(
      JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')),
    );
    if (expiresAt <= Date.now()) {
      throw new RuntimeError('connection.ticket_expired', 'This connection ticket has expired.');
    }
    return runtimeId;
  }

  #sign(payload: string): string {
    return createHmac('sha256', this.#key).update(payload).digest('base64url');
  }

  #isSignature(payload: string, signature: string): boolean {
    const expected = Buffer.from(this.#sign(payload));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}
