import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts under a key of 32 bytes. The result is a nonce of its own, the tag and the ciphertext. */
export function encrypt(text: string, key: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce);
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

/** Throws when another key encrypted the bytes, or somebody changed them. */
export function decrypt(encrypted: Buffer, key: Uint8Array): string {
  const nonce = encrypted.subarray(0, NONCE_BYTES);
  const tagEnd = NONCE_BYTES + TAG_BYTES;
  // Without the length, Node would accept a tag that was cut short.
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(encrypted.subarray(NONCE_BYTES, tagEnd));
  return Buffer.concat([decipher.update(encrypted.subarray(tagEnd)), decipher.final()]).toString();
}
