import { parseArgs } from 'node:util';
import type { Db } from '../../db/client.ts';
import { createApiKeyStore, listAllApiKeys } from '../../db/queries/api-keys.ts';
import {
  findOrganization,
  insertOrganization,
  limitOrganization,
} from '../../db/queries/organizations.ts';
import { createWorkspaceStore } from '../../db/queries/workspaces.ts';
import { resealAll } from '../../db/reseal.ts';
import {
  ApiKeys,
  MEMBER_SCOPES,
  SCOPES,
  systemActor,
  type Scope,
} from '../../runtime-manager/runtime/index.ts';
import { openCommandLineDatabase } from './database.ts';
import { loadConfig } from '../config/config.ts';
import { openSecrets } from '../config/secrets.ts';

const USAGE = `usage: npm run keys -- <command>

  create [--name NAME] [--organization NAME] [--scopes A,B] [--workspaces A,B] [--admin]
                     create a key, and the organization if it does not exist. Without --scopes,
                     the key has all scopes except admin, which --admin adds. --workspaces limits
                     the key to these workspaces, given by id or name.
                     In a script: KEY=$(npm run --silent keys -- create)
                     Scopes: ${SCOPES.join(', ')}
  list               show all keys, without their secrets
  revoke ID          revoke a key, from now on
  limit NUMBER [--organization NAME]
                     set the maximum number of active runtimes of the organization; "none"
                     restores the limit of the configuration
  reseal             re-encrypt secrets of previous keys with BCTRL_ENCRYPTION_KEY. Afterwards,
                     BCTRL_ENCRYPTION_KEYS_OLD is no longer needed. First restart the service
                     with both. It can keep running, and you can repeat the command
`;

/** The command line for API keys; works beside a running service and without one. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string', default: 'cli' },
      organization: { type: 'string', default: 'default' },
      scopes: { type: 'string' },
      workspaces: { type: 'string' },
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
    if (process.stdout.isTTY) print('It is shown only once: save it.');
    return;
  }
  if (command === 'list') return print(await describeKeys(await openDb(stack)));
  if (command === 'revoke' && id !== undefined) return print(await revoke(await openDb(stack), id));
  if (command === 'limit' && id !== undefined) {
    return print(await limit(await openDb(stack), values.organization, id));
  }
  if (command === 'reseal') return print(await reseal(stack));
  throw new Error(`unknown command or missing argument.\n\n${USAGE}`);
}

async function openDb(stack: AsyncDisposableStack): Promise<Db> {
  return (await openCommandLineDatabase(loadConfig(), stack)).db;
}

interface NewKey {
  organization: string;
  name: string;
  scopes?: string | undefined;
  workspaces?: string | undefined;
  admin: boolean;
}

async function createKey(
  db: Db,
  { organization: organizationName, name, admin, ...limits }: NewKey,
): Promise<string> {
  const scopes = limits.scopes === undefined ? MEMBER_SCOPES : scopesOf(limits.scopes);
  const organization =
    (await findOrganization(db, organizationName)) ??
    (await insertOrganization(db, organizationName));
  const { secret } = await apiKeysOf(db).create(systemActor(organization.id), {
    name,
    scopes: admin ? [...scopes, 'admin'] : scopes,
    workspaceIds: limits.workspaces?.split(','),
  });
  return secret;
}

function apiKeysOf(db: Db): ApiKeys {
  return new ApiKeys({ store: createApiKeyStore(db), workspaces: createWorkspaceStore(db) });
}

function scopesOf(text: string): Scope[] {
  return text.split(',').map((name) => {
    const scope = SCOPES.find((one) => one === name);
    if (scope) return scope;
    throw new Error(`there is no scope ${name}. There are ${SCOPES.join(', ')}.`);
  });
}

async function describeKeys(db: Db): Promise<string> {
  const keys = await listAllApiKeys(db);
  const lines = keys.map((key) =>
    [
      key.id,
      `${key.hint}…`,
      key.organization,
      key.name,
      describeScopes(key.scopes),
      key.workspaceIds ? `workspaces ${key.workspaceIds.join(',')}` : 'all workspaces',
      key.revokedAt ? `revoked ${key.revokedAt.toISOString()}` : 'active',
    ].join('\t'),
  );
  return lines.join('\n');
}

/** The usual keys by one word. */
function describeScopes(scopes: readonly Scope[]): string {
  if (MEMBER_SCOPES.some((scope) => !scopes.includes(scope))) return scopes.join(',');
  return scopes.includes('admin') ? 'admin' : 'member';
}

async function revoke(db: Db, id: string): Promise<string> {
  const key = (await listAllApiKeys(db)).find((one) => one.id === id && one.revokedAt === null);
  if (!key) throw new Error(`no active key has the id ${id}.`);
  await apiKeysOf(db).revoke(systemActor(key.organizationId), id);
  return `revoked ${id}`;
}

async function limit(db: Db, organization: string, number: string): Promise<string> {
  if (number !== 'none' && !/^\d{1,6}$/.test(number)) throw new Error(`${number} is not a number.`);
  const most = number === 'none' ? undefined : Number(number);
  if (!(await limitOrganization(db, organization, most))) {
    throw new Error(`there is no organization ${organization}.`);
  }
  return `${organization}: ${number}`;
}

async function reseal(stack: AsyncDisposableStack): Promise<string> {
  const config = loadConfig();
  const { db } = await openCommandLineDatabase(config, stack);
  return `${await resealAll(db, await openSecrets(config, db))} secrets were re-encrypted`;
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
