import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import { expect, inject, onTestFinished, test } from 'vitest';
import { embeddedAddress } from '../../../src/db/embedded.ts';
import { insertProfile } from '../../../src/db/queries/browser-profiles.ts';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { Sealing } from '../../../src/db/sealing.ts';
import { openTestDatabase } from '../../support/database.ts';
import { freshDirectory } from '../../support/storages.ts';

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
  const [{ name } = { name: '' }] = await db.execute<{ name: string }>(
    sql`select current_database() as name`,
  );
  const { socketDir, user } = embeddedAddress(inject('postgresDataDir'));
  const env = {
    PATH: process.env['PATH'] ?? '',
    BCTRL_DATA_DIR: await freshDirectory(),
    BCTRL_ENCRYPTION_KEY: NEW,
    BCTRL_ENCRYPTION_KEYS_OLD: OLD,
    DATABASE_URL: `postgres://${user}@${encodeURIComponent(socketDir)}/${name}`,
  };
  const reseal = () =>
    promisify(execFile)(process.execPath, ['src/api/cli/keys.ts', 'reseal'], { env });

  await expect(reseal()).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^keys: no service has started with this BCTRL_ENCRYPTION_KEY/),
  });
  await (await Sealing.open(db, NEW, [OLD])).register(db);
  expect(await reseal()).toEqual({ stdout: '1 secrets were encrypted anew\n', stderr: '' });
  expect(await reseal()).toEqual({ stdout: '0 secrets were encrypted anew\n', stderr: '' });
  await Sealing.open(db, NEW);
});
