import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import { ACCESSES } from '../runtime/access.ts';
import { elapsedAt } from './connections.ts';
import { PROTOCOLS } from '../runtime/access.ts';

const Ticket = z.object({
  nodeId: z.uuid(),
  runtimeId: z.uuid(),
  generation: z.int(),
  connectionId: z.uuid(),
  protocol: z.enum(PROTOCOLS),
  access: z.enum(ACCESSES),
  expiresAt: z.number(),
  /** The same by `performance.now()`, which counts whatever the clock is set to. */
  expiresAtMs: z.number(),
});

/** What a ticket says: which way into which life of a runtime, and until when it lets clients in. */
export interface Ticket {
  /** Who owns that life. */
  nodeId: string;
  runtimeId: string;
  generation: number;
  connectionId: string;
  protocol: (typeof PROTOCOLS)[number];
  access: (typeof ACCESSES)[number];
  expiresAt: Date;
}

export type ReadTicket = Ticket & Pick<z.infer<typeof Ticket>, 'expiresAtMs'>;

/**
 * The credentials inside connection URLs: `<base64url payload>.<HMAC-SHA256>`. The key lives as
 * long as the process, and so do the browsers that its tickets open.
 */
export class Tickets {
  readonly #key = randomBytes(32);

  sign(ticket: Ticket): string {
    const { expiresAt } = ticket;
    const said = { ...ticket, expiresAt: expiresAt.getTime(), expiresAtMs: elapsedAt(expiresAt) };
    const text = JSON.stringify(said satisfies z.infer<typeof Ticket>);
    const payload = Buffer.from(text, 'utf8').toString('base64url');
    return `${payload}.${this.#signatureOf(payload)}`;
  }

  /** Reads a ticket, also one that has expired. Throws `connection.ticket_invalid`. */
  read(text: string): ReadTicket {
    const [payload = '', signature = '', ...rest] = text.split('.');
    if (rest.length > 0 || !this.#isSignature(payload, signature)) {
      throw new RuntimeError('connection.ticket_invalid', 'This connection ticket is not valid.');
    }
    const said = Ticket.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    return { ...said, expiresAt: new Date(said.expiresAt) };
  }

  #signatureOf(payload: string): string {
    return createHmac('sha256', this.#key).update(payload).digest('base64url');
  }

  #isSignature(payload: string, signature: string): boolean {
    const expected = Buffer.from(this.#signatureOf(payload));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

/** Throws `connection.ticket_expired`. */
export function assertNotExpired({ expiresAtMs }: ReadTicket): void {
  if (expiresAtMs > performance.now()) return;
  throw new RuntimeError('connection.ticket_expired', 'This connection ticket has expired.');
}
