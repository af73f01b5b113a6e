import { randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 32;
const LIFETIME_MS = 3_600_000;

/** What signs somebody in once who has the link that was printed at the start. */
export class SignInLink {
  #issued: { token: Buffer; key: string; expiresAtMs: number } | undefined;

  /** Returns the token that stands for the key. Nothing else has a copy of it. */
  issue(key: string): string {
    const token = randomBytes(TOKEN_BYTES);
    this.#issued = { token, key, expiresAtMs: performance.now() + LIFETIME_MS };
    return token.toString('base64url');
  }

  /** Returns the key, once; undefined for a token that is wrong, used or an hour old. */
  redeem(text: string): string | undefined {
    const given = Buffer.from(text, 'base64url');
    const issued = this.#issued;
    if (!issued || given.length !== TOKEN_BYTES) return undefined;
    if (!timingSafeEqual(given, issued.token)) return undefined;
    this.#issued = undefined;
    return issued.expiresAtMs > performance.now() ? issued.key : undefined;
  }
}
