import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import type { Db } from './client.ts';
import { sealing } from './schema/index.ts';

const PREFIX = 'sealed:';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KNOWN = 'bctrl';

/** Keeps secrets at rest: AES-256-GCM under one key, of which every text gets its own nonce. */
export class SecretBox {
  readonly #key: Buffer;

  private constructor(secret: string) {
    this.#key = createHash('sha256').update(secret).digest();
  }

  /** Throws when the secrets of the database were sealed with another key. */
  static async open(db: Db, secret: string): Promise<SecretBox> {
    const box = new SecretBox(secret);
    await db
      .insert(sealing)
      .values({ sealed: box.seal(KNOWN) })
      .onConflictDoNothing();
    const [{ sealed } = { sealed: '' }] = await db
      .select()
      .from(sealing)
      .where(eq(sealing.id, true));
    if (!box.#opens(sealed)) {
      throw new Error(
        "BCTRL_ENCRYPTION_KEY is not the key that this database's secrets are encrypted with.",
      );
    }
    return box;
  }

  seal(text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return PREFIX + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** Throws for what this key did not seal. */
  unseal(sealed: string): string {
    const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64');
    const tagEnd = NONCE_BYTES + TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, tagEnd));
    return Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString();
  }

  #opens(sealed: string): boolean {
    try {
      return this.unseal(sealed) === KNOWN;
    } catch {
      return false;
    }
  }
}
