import { parseArgs } from 'node:util';
import { z } from 'zod';
import { openDatabase, type Db } from '../db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../db/embedded.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { addApiKey, generateApiKey, listApiKeys, revokeApiKey } from '../db/queries/api-keys.ts';
import { findOrganization, insertOrganization } from '../db/queries/organizations.ts';
import { loadConfig, type Config } from './config.ts';
import { isDataDirectoryInUse, openDataDirectory } from './data-directory.ts';

const USAGE = `usage: npm run keys -- <command>

  create [--name NAME] [--organization NAME]   make a key, and the organization if it is new
  list                                         show all keys, without their secrets
  revoke ID                                    make a key useless from now on
`;

/** The command line for API keys; works beside a running service and without one. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string', default: 'cli' },
      organization: { type: 'string', default: 'default' },
    },
  });
  const [command, id] = positionals;
  await using stack = new AsyncDisposableStack();
  if (command === 'create') {
    return print(await createKey(await openDb(stack), values.organization, values.name));
  }
  if (command === 'list') return print(await describeKeys(await openDb(stack)));
  if (command === 'revoke' && id !== undefined) return print(await revoke(await openDb(stack), id));
  throw new Error(`that is not how it is called.\n\n${USAGE}`);
}

async function openDb(stack: AsyncDisposableStack): Promise<Db> {
  const config = loadConfig();
  const database = stack.use(await openDatabase(await databaseAddress(config, stack)));
  await migrateDatabase(database);
  return database.db;
}

/** The embedded Postgres of a running service is shared; otherwise it is started for the while. */
async function databaseAddress({ databaseUrl, dataDir }: Config, stack: AsyncDisposableStack) {
  if (databaseUrl !== undefined) return { url: databaseUrl };
  if (!(await isDataDirectoryInUse(dataDir))) {
    stack.use(await openDataDirectory(dataDir));
    stack.use(await openEmbeddedPostgres(dataDir));
  }
  return embeddedAddress(dataDir);
}

async function createKey(db: Db, organizationName: string, name: string): Promise<string> {
  const organization =
    (await findOrganization(db, organizationName)) ??
    (await insertOrganization(db, organizationName));
  const secret = generateApiKey();
  await addApiKey(db, organization.id, name, secret);
  return secret;
}

async function describeKeys(db: Db): Promise<string> {
  const keys = await listApiKeys(db);
  const lines = keys.map((key) =>
    [
      key.id,
      `${key.hint}…`,
      key.organization,
      key.name,
      key.revokedAt ? `revoked ${key.revokedAt.toISOString()}` : 'active',
    ].join('\t'),
  );
  return lines.join('\n');
}

async function revoke(db: Db, id: string): Promise<string> {
  if (!z.uuid().safeParse(id).success || !(await revokeApiKey(db, id))) {
    throw new Error(`no active key has the id ${id}.`);
  }
  return `revoked ${id}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`keys: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
