import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import { ACCESSES, CONNECTION_PROTOCOLS } from '../runtime/access.ts';
import { elapsedAt } from './connections.ts';

/** `service`: the service itself asks; nobody else is ever given such a ticket. */
export const TICKET_PROTOCOLS = [...CONNECTION_PROTOCOLS, 'service'] as const;

const Ticket = z.object({
  nodeId: z.uuid(),
  runtimeId: z.uuid(),
  generation: z.int(),
  connectionId: z.uuid(),
  protocol: z.enum(TICKET_PROTOCOLS),
  access: z.enum(ACCESSES),
  expiresAt: z.number(),
  /** The same by `performance.now()`, which goes on whatever the clock is set to. */
  expiresAtMs: z.number(),
  /** Names the process whose `performance.now()` that is. */
  timeOrigin: z.number(),
});

/** What a ticket says: which connection to which life of a runtime, and until when it is valid. */
export interface Ticket {
  /** The node that owns that life. */
  nodeId: string;
  runtimeId: string;
  generation: number;
  connectionId: string;
  protocol: (typeof TICKET_PROTOCOLS)[number];
  access: (typeof ACCESSES)[number];
  expiresAt: Date;
}

export type ReadTicket = Ticket & Pick<z.infer<typeof Ticket>, 'expiresAtMs' | 'timeOrigin'>;

/** Keys of HMAC-SHA256. The first one signs; tickets that the others signed are valid too. */
export type TicketKeys = readonly [Buffer, ...Buffer[]];

/**
 * The credentials inside connection URLs: `<base64url payload>.<HMAC-SHA256>`. Whoever has the keys
 * can check them, also after a restart.
 */
export class Tickets {
  readonly #keys: TicketKeys;

  constructor(keys: TicketKeys) {
    this.#keys = keys;
  }

  sign(ticket: Ticket): string {
    const { expiresAt } = ticket;
    const said = {
      ...ticket,
      expiresAt: expiresAt.getTime(),
      expiresAtMs: elapsedAt(expiresAt),
      timeOrigin: performance.timeOrigin,
    };
    const text = JSON.stringify(said satisfies z.infer<typeof Ticket>);
    const payload = Buffer.from(text, 'utf8').toString('base64url');
    return `${payload}.${signatureOf(payload, this.#keys[0])}`;
  }

  /** Reads a ticket, also one that has expired. Throws `connection.ticket_invalid`. */
  read(text: string): ReadTicket {
    const [payload = '', signature = '', ...rest] = text.split('.');
    if (rest.length > 0 || !this.#isSignature(payload, signature)) throw ticketInvalid();
    const json = Buffer.from(payload, 'base64url').toString('utf8');
    // Another version of the service may have signed something else.
    const { data } = Ticket.safeParse(JSON.parse(json));
    if (!data) throw ticketInvalid();
    return { ...data, expiresAt: new Date(data.expiresAt) };
  }

  #isSignature(payload: string, signature: string): boolean {
    const given = Buffer.from(signature);
    return this.#keys.some((key) => {
      const expected = Buffer.from(signatureOf(payload, key));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  }
}

function signatureOf(payload: string, key: Buffer): string {
  return createHmac('sha256', key).update(payload).digest('base64url');
}

export function ticketInvalid(): RuntimeError {
  return new RuntimeError('connection.ticket_invalid', 'This connection ticket is not valid.');
}

/**
 * Throws `connection.ticket_expired`. Only a ticket that another process signed is judged by the
 * clock.
 */
export function assertNotExpired({ expiresAt, expiresAtMs, timeOrigin }: ReadTicket): void {
  const leftMs =
    timeOrigin === performance.timeOrigin
      ? expiresAtMs - performance.now()
      : expiresAt.getTime() - Date.now();
  if (leftMs > 0) return;
  throw new RuntimeError('connection.ticket_expired', 'This connection ticket has expired.');
}
