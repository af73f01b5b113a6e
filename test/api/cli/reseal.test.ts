import { expect, onTestFinished, test } from 'vitest';
import { insertProfile } from '../../../src/db/queries/browser-profiles.ts';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { Sealing } from '../../../src/db/sealing.ts';
import { commandEnvironment, runCommand } from '../../support/command-line.ts';
import { openTestDatabase } from '../../support/database.ts';

const OLD = 'the key of last year';
const NEW = 'the key of this year';

test('npm run keys -- reseal makes old keys unnecessary while a service runs', async () => {
  const database = await openTestDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  const { db } = database;
  const before = await Sealing.open(db, OLD);
  await before.register(db);
  const { id } = await insertOrganization(db, 'one');
  const proxy = { type: 'http', host: 'h', port: 1, username: 'u', password: 'hush' } as const;
  await insertProfile(db, before, id, {
    name: 'p',
    config: { proxy },
    extensionIds: [],
    fingerprint: {},
  });
  const env = {
    ...(await commandEnvironment(database)),
    BCTRL_ENCRYPTION_KEY: NEW,
    BCTRL_ENCRYPTION_KEYS_OLD: OLD,
  };
  const reseal = () => runCommand('cli/keys', ['reseal'], env);

  await expect(reseal()).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^keys: no service has started with this BCTRL_ENCRYPTION_KEY/),
  });
  await (await Sealing.open(db, NEW, [OLD])).register(db);
  expect(await reseal()).toEqual({ stdout: '1 secrets were re-encrypted\n', stderr: '' });
  expect(await reseal()).toEqual({ stdout: '0 secrets were re-encrypted\n', stderr: '' });
  await Sealing.open(db, NEW);
});
