import { z } from 'zod';
import { decrypt, encrypt } from '../../db/aes-gcm.ts';

const LIFETIME_MS = 12 * 3_600_000;

const Session = z.object({
  key: z.string(),
  /** In milliseconds of the clock. */
  expiresAt: z.number(),
});
export type Session = z.infer<typeof Session>;

/**
 * Sessions of the console, which are nowhere but in their cookies: an API key, sealed. So any process
 * that has the encryption key reads them, and they open what the key opens, while it does.
 */
export class Sessions {
  readonly #keys: readonly [Buffer, ...Buffer[]];

  /** The first key seals; what the others sealed is read too. */
  constructor(keys: readonly [Buffer, ...Buffer[]]) {
    this.#keys = keys;
  }

  /** Begins a session with an API key. */
  begin(key: string): Session & { sealed: string } {
    const session = { key, expiresAt: Date.now() + LIFETIME_MS };
    const sealed = encrypt(JSON.stringify(session), this.#keys[0]).toString('base64url');
    return { ...session, sealed };
  }

  /** Undefined for one that is over, and for whatever was not sealed here. */
  read(sealed: string): Session | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    for (const key of this.#keys) {
      try {
        const session = Session.parse(JSON.parse(decrypt(bytes, key)));
        return session.expiresAt > Date.now() ? session : undefined;
      } catch {
        // Another key may have sealed it.
      }
    }
    return undefined;
  }
}
