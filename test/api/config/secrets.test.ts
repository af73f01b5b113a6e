import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSecrets } from '../../../src/api/config/secrets.ts';
import { openTestDatabase } from '../../support/database.ts';
import { freshDirectory } from '../../support/storages.ts';

const KEY = 'a key that is configured';
const NONE = { encryptionKey: undefined, oldEncryptionKeys: [] };

/** Opens the secrets of one database and data directory as a service with this configuration does. */
async function openPlace() {
  const { db, ...database } = await openTestDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  const dataDir = await freshDirectory();
  const start = async (keys: {
    encryptionKey: string | undefined;
    oldEncryptionKeys: string[];
  }) => {
    const secrets = await openSecrets({ ...keys, dataDir }, db);
    await secrets.register(db);
    return secrets;
  };
  return { start, file: join(dataDir, 'encryption-key') };
}

test('a key is generated once, and only this user can read it', async () => {
  const { start, file } = await openPlace();
  const sealed = (await start(NONE)).seal('hush');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await start(NONE)).unseal(sealed)).toBe('hush');
});

test('texts sealed with a generated key stay readable when a key is configured, and vice versa', async () => {
  const { start } = await openPlace();
  const generated = (await start(NONE)).seal('hush');
  const configured = await start({ ...NONE, encryptionKey: KEY });
  expect(configured.unseal(generated)).toBe('hush');
  const sealed = configured.seal('hush');
  const back = await start({ ...NONE, oldEncryptionKeys: [KEY] });
  expect(back.unseal(sealed)).toBe('hush');
  expect(back.seal('hush')).toContain(generated.split(':')[1]);
});

test('a key with a comma can be read from the file of the generated key', async () => {
  const { start, file } = await openPlace();
  await writeFile(file, ' spaces, and a comma \n');
  const sealed = (await start(NONE)).seal('hush');
  expect((await start({ ...NONE, encryptionKey: KEY })).unseal(sealed)).toBe('hush');
});

test('a key that cannot be read is not replaced', async () => {
  const { start, file } = await openPlace();
  await mkdir(file);
  await expect(start(NONE)).rejects.toThrow('EISDIR');
  await expect(readFile(file)).rejects.toThrow('EISDIR');
});
