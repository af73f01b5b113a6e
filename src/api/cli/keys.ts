import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Db } from '../../db/client.ts';
import { addApiKey, generateApiKey, listApiKeys, revokeApiKey } from '../../db/queries/api-keys.ts';
import {
  findOrganization,
  insertOrganization,
  limitOrganization,
} from '../../db/queries/organizations.ts';
import { resealAll } from '../../db/reseal.ts';
import { openCommandLineDatabase } from './database.ts';
import { loadConfig } from '../config/config.ts';
import { openSecrets } from '../config/secrets.ts';

const USAGE = `usage: npm run keys -- <command>

  create [--name NAME] [--organization NAME] [--admin]
                     make a key, and the organization if it is new; an admin's key may ask the doctor.
                     For a program: KEY=$(npm run --silent keys -- create)
  list               show all keys, without their secrets
  revoke ID          make a key useless from now on
  limit NUMBER [--organization NAME]
                     how many runtimes of the organization may be active at once; "none" for
                     what the service is configured with
  reseal             encrypt anew, with BCTRL_ENCRYPTION_KEY, what another key encrypted; afterwards
                     nothing needs BCTRL_ENCRYPTION_KEYS_OLD. The service has to have been started
                     with both. It goes on meanwhile, and the command may be run again
`;

/** The command line for API keys; works beside a running service and without one. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string', default: 'cli' },
      organization: { type: 'string', default: 'default' },
      admin: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [command, id] = positionals;
  if (values.help) return print(USAGE.trimEnd());
  await using stack = new AsyncDisposableStack();
  if (command === 'create') {
    print(await createKey(await openDb(stack), values));
    // A program that reads the key gets nothing else.
    if (process.stdout.isTTY) print('It is shown only now: keep it.');
    return;
  }
  if (command === 'list') return print(await describeKeys(await openDb(stack)));
  if (command === 'revoke' && id !== undefined) return print(await revoke(await openDb(stack), id));
  if (command === 'limit' && id !== undefined) {
    return print(await limit(await openDb(stack), values.organization, id));
  }
  if (command === 'reseal') return print(await reseal(stack));
  throw new Error(`that is not how it is called.\n\n${USAGE}`);
}

async function openDb(stack: AsyncDisposableStack): Promise<Db> {
  return (await openCommandLineDatabase(loadConfig(), stack)).db;
}

interface NewKey {
  organization: string;
  name: string;
  admin: boolean;
}

async function createKey(
  db: Db,
  { organization: organizationName, name, admin }: NewKey,
): Promise<string> {
  const organization =
    (await findOrganization(db, organizationName)) ??
    (await insertOrganization(db, organizationName));
  const secret = generateApiKey();
  await addApiKey(db, organization.id, name, secret, admin);
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
      key.isAdmin ? 'admin' : 'member',
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

async function limit(db: Db, organization: string, number: string): Promise<string> {
  if (number !== 'none' && !/^\d{1,6}$/.test(number)) throw new Error(`${number} is no number.`);
  const most = number === 'none' ? undefined : Number(number);
  if (!(await limitOrganization(db, organization, most))) {
    throw new Error(`there is no organization ${organization}.`);
  }
  return `${organization}: ${number}`;
}

async function reseal(stack: AsyncDisposableStack): Promise<string> {
  const config = loadConfig();
  const { db } = await openCommandLineDatabase(config, stack);
  return `${await resealAll(db, await openSecrets(config, db))} secrets were encrypted anew`;
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
