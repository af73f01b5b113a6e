import { hkdfSync, scrypt } from 'node:crypto';

const KEY_BYTES = 32;
const ID_BYTES = 8;
/**
 * Takes a tenth of a second and 32 MB, in a thread of its own: twice what scrypt's paper chose for
 * whoever waits. The environment's schema sees to it that a secret has 16 characters at least.
 * https://www.tarsnap.com/scrypt/scrypt.pdf
 */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 ** 2 };

/** What follows from one encryption key: a key of 32 bytes for each purpose. */
export interface DerivedKeys {
  /** Tells the encryption key from others, and tells nothing about it. */
  id: string;
  sealing: Buffer;
  tickets: Buffer;
  /** What processes of a cluster recognize each other by. */
  nodes: Buffer;
  /** What the cookies of the console are sealed with. */
  sessions: Buffer;
}

/** `secret` may be a passphrase. The same secret and salt give the same keys everywhere. */
export async function deriveKeys(secret: string, salt: string): Promise<DerivedKeys> {
  const root = await stretch(secret, salt);
  // https://www.rfc-editor.org/rfc/rfc5869
  const derive = (purpose: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', root, '', `bctrl ${purpose}`, bytes));
  return {
    id: derive('id', ID_BYTES).toString('hex'),
    sealing: derive('sealing', KEY_BYTES),
    tickets: derive('tickets', KEY_BYTES),
    nodes: derive('nodes', KEY_BYTES),
    sessions: derive('sessions', KEY_BYTES),
  };
}

function stretch(secret: string, salt: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(secret, salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  return promise;
}
