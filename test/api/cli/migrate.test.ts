import { sql } from 'drizzle-orm';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openDataDirectory } from '../../../src/api/config/data-directory.ts';
import { openEmbeddedPostgres } from '../../../src/db/embedded.ts';
import { migrateDatabase } from '../../../src/db/migrate.ts';
import { commandEnvironment, runCommand } from '../../support/command-line.ts';
import { copyCluster, openTestDatabase } from '../../support/database.ts';
import { knownMigrations, migrationsBefore } from '../../support/migrations.ts';
import { freshDirectory } from '../../support/storages.ts';

const { newest } = await knownMigrations();
const MADE = { stdout: `The database was empty, and is at ${newest} now.\n`, stderr: '' };
const NOTHING_TO_DO = {
  stdout: `The database is up to date, at ${newest}: there was nothing to do.\n`,
  stderr: '',
};

/** A database, and the command beside it. */
async function openMigrate({ empty }: { empty: boolean }) {
  const database = await openTestDatabase({ empty });
  onTestFinished(() => database[Symbol.asyncDispose]());
  const env = await commandEnvironment(database);
  return {
    database,
    migrate: (more: Record<string, string> = {}) =>
      runCommand('cli/migrate', [], { ...env, ...more }),
  };
}

test('npm run migrate makes the schema of an empty database, once', async () => {
  const { database, migrate } = await openMigrate({ empty: true });
  expect(await migrate()).toEqual(MADE);
  expect(await database.db.query.organizations.findMany()).toEqual([]);
  expect(await migrate()).toEqual(NOTHING_TO_DO);
});

test('npm run migrate brings an older database up to date, and says from where', async () => {
  const { database, migrate } = await openMigrate({ empty: true });
  await migrateDatabase(database, await migrationsBefore('_api_key_scopes'));
  expect(await migrate()).toEqual({
    stdout: `The database was migrated from 0013_sealing_keys to ${newest}.\n`,
    stderr: '',
  });
  expect(await database.db.query.apiKeys.findMany()).toEqual([]);
});

test('of several at once one migrates, and the others find nothing to do', async () => {
  const { migrate } = await openMigrate({ empty: true });
  const said = await Promise.all([migrate(), migrate(), migrate()]);
  expect(said).toEqual(expect.arrayContaining([MADE, NOTHING_TO_DO]));
  expect(said.filter(({ stdout }) => stdout === NOTHING_TO_DO.stdout)).toHaveLength(2);
});

test('npm run migrate needs to know where the database is, and nothing else', async () => {
  const { migrate } = await openMigrate({ empty: false });
  const unfit = { BCTRL_ROLE: 'node', NATS_URL: 'no url', PORT: 'none', CHROMIUM_PATH: '/nowhere' };
  expect(await migrate(unfit)).toEqual(NOTHING_TO_DO);
});

test('npm run migrate starts the embedded Postgres, or shares that of a service', async () => {
  const BCTRL_DATA_DIR = await freshDirectory();
  await copyCluster(inject('pristineDataDir'), BCTRL_DATA_DIR);
  const migrate = () =>
    runCommand('cli/migrate', [], { PATH: process.env['PATH'] ?? '', BCTRL_DATA_DIR });
  expect(await migrate()).toEqual(MADE);
  using _service = await openDataDirectory(BCTRL_DATA_DIR);
  await using _postgres = await openEmbeddedPostgres(BCTRL_DATA_DIR);
  expect(await migrate()).toEqual(NOTHING_TO_DO);
});

test('a failure is one sentence and exit code 1', async () => {
  const { database, migrate } = await openMigrate({ empty: false });
  await database.db.execute(
    sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of tomorrow', 4000000000000)`,
  );
  await expect(migrate()).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^migrate: The database was written by a newer version of bctrl: .*\n$/,
    ),
  });
  const nowhere = migrate({ DATABASE_URL: 'postgres://u:hidden@127.0.0.1:1/x' });
  await expect(nowhere).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^migrate: Cannot reach the database of DATABASE_URL \(127\.0\.0\.1:1\/x\): (?!.*hidden).*\n$/,
    ),
  });
});
