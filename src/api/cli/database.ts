import { openDatabase, type Database } from '../../db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../../db/embedded.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import type { Config } from '../config/config.ts';
import { isDataDirectoryInUse, openDataDirectory } from '../config/data-directory.ts';

/**
 * The database for a command: shares that of a running service, or else starts the embedded one for
 * the while. What is opened is closed with `stack`.
 */
export async function openCommandLineDatabase(
  config: Config,
  stack: AsyncDisposableStack,
): Promise<Database> {
  const database = stack.use(await openDatabase(await addressOf(config, stack)));
  await migrateDatabase(database);
  return database;
}

async function addressOf({ databaseUrl, dataDir }: Config, stack: AsyncDisposableStack) {
  if (databaseUrl !== undefined) return { url: databaseUrl };
  if (!(await isDataDirectoryInUse(dataDir))) {
    stack.use(await openDataDirectory(dataDir));
    stack.use(await openEmbeddedPostgres(dataDir));
  }
  return embeddedAddress(dataDir);
}
