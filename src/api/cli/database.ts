import { openDatabase, type Database } from '../../db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../../db/embedded.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import { isDataDirectoryInUse, openDataDirectory } from '../config/data-directory.ts';
import type { DatabaseConfig } from '../config/settings/server.ts';

/** The database for a command, up to date. What is opened is closed with `stack`. */
export async function openCommandLineDatabase(
  config: DatabaseConfig,
  stack: AsyncDisposableStack,
): Promise<Database> {
  const database = await openDatabaseAsIs(config, stack);
  await migrateDatabase(database);
  return database;
}

/**
 * The database as it was left: shares that of a running service, or else starts the embedded one
 * for the while.
 */
export async function openDatabaseAsIs(
  config: DatabaseConfig,
  stack: AsyncDisposableStack,
): Promise<Database> {
  return stack.use(await openDatabase(await addressOf(config, stack)));
}

async function addressOf({ databaseUrl, dataDir }: DatabaseConfig, stack: AsyncDisposableStack) {
  if (databaseUrl !== undefined) return { url: databaseUrl };
  if (!(await isDataDirectoryInUse(dataDir))) {
    stack.use(await openDataDirectory(dataDir));
    stack.use(await openEmbeddedPostgres(dataDir));
  }
  return embeddedAddress(dataDir);
}
