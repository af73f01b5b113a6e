import type { Db } from '../../db/client.ts';
import { SecretBox } from '../../db/secret-box.ts';
import type { Config } from './config.ts';
import { readEncryptionKey } from './data-directory.ts';

/** Throws when the secrets in the database were sealed with another key. */
export async function openSecrets(
  { encryptionKey, dataDir }: Pick<Config, 'encryptionKey' | 'dataDir'>,
  db: Db,
): Promise<SecretBox> {
  return SecretBox.open(db, encryptionKey ?? (await readEncryptionKey(dataDir)));
}
