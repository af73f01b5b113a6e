import { parseArgs } from 'node:util';
import { migrateDatabase, type Migrated } from '../../db/migrate.ts';
import { loadDatabaseConfig } from '../config/config.ts';
import { openDatabaseAsIs } from './database.ts';

const USAGE = `usage: npm run migrate

  Migrates the database to the current schema, as every service does when it starts. Needs only
  DATABASE_URL, or BCTRL_DATA_DIR for the embedded Postgres. It is safe to run it while services
  are running, and several times at once. Exits with 0 if the schema is up to date, otherwise 1.
`;

/** Resolves with what is to be said. */
async function main(): Promise<string> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) return USAGE;
  await using stack = new AsyncDisposableStack();
  const database = await openDatabaseAsIs(loadDatabaseConfig(), stack);
  return `${describe(await migrateDatabase(database))}\n`;
}

function describe({ from, to }: Migrated): string {
  if (from === to) return `The database is up to date, at ${to}: there was nothing to do.`;
  if (from === undefined) return `The database was empty, and is at ${to} now.`;
  return `The database was migrated from ${from} to ${to}.`;
}

try {
  process.stdout.write(await main());
} catch (error) {
  process.stderr.write(`migrate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
