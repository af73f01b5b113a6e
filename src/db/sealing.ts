import { createHash } from 'node:crypto';
import { decrypt, encrypt } from './aes-gcm.ts';
import type { Db } from './client.ts';
import { deriveKeys, type DerivedKeys } from './derived-keys.ts';
import { readSealing, registerKey, type SealingRecord } from './queries/sealing.ts';

/** `sealed:<id of the key>:<base64>`; earlier versions, which had one key, wrote no id. */
const SEALED = /^sealed:(?:(?<id>[0-9a-f]+):)?(?<text>[\w+/]+=*)$/;

/** What opens sealed texts; it may be given to another thread. */
export interface OpeningKeys {
  keys: ReadonlyMap<string, Uint8Array>;
  /** Keys as earlier versions derived them; one of them may have sealed texts without an id. */
  unsalted: readonly Uint8Array[];
}

/** What the encryption keys open and sign: secrets at rest, tickets, sessions, and requests to nodes. */
export class Sealing {
  /** The first key signs. */
  readonly ticketKeys: readonly [Buffer, ...Buffer[]];
  /** Those of processes of a cluster for each other; the first key signs. */
  readonly nodeKeys: readonly [Buffer, ...Buffer[]];
  /** Those of sessions of the console; the first key seals. */
  readonly sessionKeys: readonly [Buffer, ...Buffer[]];
  /** What every text that the current key sealed begins with. */
  readonly prefix: string;
  readonly id: string;
  readonly #key: Buffer;
  readonly openingKeys: OpeningKeys;

  private constructor(secrets: readonly string[], current: DerivedKeys, old: DerivedKeys[]) {
    this.id = current.id;
    this.prefix = `sealed:${current.id}:`;
    this.ticketKeys = [current.tickets, ...old.map(({ tickets }) => tickets)];
    this.nodeKeys = [current.nodes, ...old.map(({ nodes }) => nodes)];
    this.sessionKeys = [current.sessions, ...old.map(({ sessions }) => sessions)];
    this.#key = current.sealing;
    this.openingKeys = {
      keys: new Map([...old, current].map(({ id, sealing }) => [id, sealing])),
      unsalted: secrets.map((secret) => createHash('sha256').update(secret).digest()),
    };
  }

  /**
   * `current` seals; what the `old` keys sealed stays readable. Throws one sentence when the
   * database has texts that no key opens.
   */
  static async open(db: Db, current: string, old: readonly string[] = []): Promise<Sealing> {
    const record = await readSealing(db);
    const derive = (secret: string) => deriveKeys(secret, record.salt);
    const [first, ...others] = await Promise.all([derive(current), ...old.map(derive)]);
    const sealing = new Sealing([current, ...old], first, others);
    sealing.#assertOpens(record);
    return sealing;
  }

  /**
   * Notes that texts are sealed with the current key from now on, so that no service starts without
   * it. Throws as `open`, when another service has noted a key of its own meanwhile.
   */
  async register(db: Db): Promise<void> {
    await registerKey(db, this.id, (record) => this.#assertOpens(record));
  }

  seal(text: string): string {
    return this.prefix + encrypt(text, this.#key).toString('base64');
  }

  /** Throws when none of the keys sealed the text. */
  unseal(sealed: string): string {
    return unseal(sealed, this.openingKeys);
  }

  #assertOpens({ sealed, keyIds }: SealingRecord): void {
    const isComplete = keyIds.every((id) => this.openingKeys.keys.has(id));
    if (isComplete && (sealed === undefined || this.#opens(sealed))) return;
    throw new Error(
      "BCTRL_ENCRYPTION_KEY is not the key that this database's secrets are encrypted with, and BCTRL_ENCRYPTION_KEYS_OLD does not have it.",
    );
  }

  #opens(sealed: string): boolean {
    try {
      this.unseal(sealed);
      return true;
    } catch {
      return false;
    }
  }
}

/** Throws when none of the keys sealed the text. */
export function unseal(sealed: string, { keys, unsalted }: OpeningKeys): string {
  const { id, text = '' } = SEALED.exec(sealed)?.groups ?? {};
  const bytes = Buffer.from(text, 'base64');
  if (id === undefined) return decryptWithAny(bytes, unsalted);
  const key = keys.get(id);
  if (!key) throw new Error(`The key ${id} of a sealed text is not configured.`);
  return decrypt(bytes, key);
}

function decryptWithAny(bytes: Buffer, keys: readonly Uint8Array[]): string {
  for (const key of keys) {
    try {
      return decrypt(bytes, key);
    } catch {
      // The next key may open it.
    }
  }
  throw new Error('No key that is configured opens a sealed text.');
}
