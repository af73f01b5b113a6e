import type { Db } from '../../db/client.ts';
import { Sealing } from '../../db/sealing.ts';
import type { Config } from './config.ts';
import { createEncryptionKey, findEncryptionKey } from './data-directory.ts';

type Keys = Pick<Config, 'encryptionKey' | 'oldEncryptionKeys' | 'dataDir'>;

/**
 * What a generated key sealed stays readable when another key is configured. Throws when the
 * database has secrets that no key opens.
 */
export async function openSecrets(config: Keys, db: Db): Promise<Sealing> {
  const { encryptionKey, oldEncryptionKeys, dataDir } = config;
  const generated = await findEncryptionKey(dataDir);
  const current = encryptionKey ?? generated ?? (await createEncryptionKey(dataDir));
  const old = new Set([...oldEncryptionKeys, ...(generated === undefined ? [] : [generated])]);
  old.delete(current);
  return Sealing.open(db, current, [...old]);
}
