import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { TicketKeys } from '../connections/tickets.ts';
import { ticketInvalid } from '../connections/tickets.ts';
import { RuntimeError } from '../errors.ts';

/** Keeps these tokens and the tickets of connections apart, which the same keys sign. */
const PURPOSE = 'recording:';

const Token = z.object({
  organizationId: z.uuid(),
  recordingId: z.uuid(),
  /** Only for this video; undefined: for the whole recording. */
  partId: z.string().optional(),
  /** ms since 1970. */
  expiresAt: z.number(),
});
export type RecordingToken = z.infer<typeof Token>;

/**
 * The credentials of players of a recording, and of the addresses of its videos:
 * `<base64url payload>.<HMAC-SHA256>`.
 */
export class RecordingTokens {
  readonly #keys: TicketKeys;

  constructor(keys: TicketKeys) {
    this.#keys = keys;
  }

  sign(token: RecordingToken): string {
    const payload = Buffer.from(JSON.stringify(token), 'utf8').toString('base64url');
    return `${payload}.${signatureOf(payload, this.#keys[0])}`;
  }

  /** Throws `connection.ticket_invalid` or `connection.ticket_expired`. */
  read(text: string): RecordingToken {
    const [payload = '', signature = '', ...rest] = text.split('.');
    const given = Buffer.from(signature);
    const isSigned = this.#keys.some((key) => {
      const expected = Buffer.from(signatureOf(payload, key));
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
    if (rest.length > 0 || !isSigned) throw ticketInvalid();
    const json = Buffer.from(payload, 'base64url').toString('utf8');
    const { data } = Token.safeParse(JSON.parse(json));
    if (!data) throw ticketInvalid();
    if (data.expiresAt > Date.now()) return data;
    throw new RuntimeError('connection.ticket_expired', 'This URL has expired.');
  }
}

function signatureOf(payload: string, key: Buffer): string {
  return createHmac('sha256', key).update(PURPOSE).update(payload).digest('base64url');
}
