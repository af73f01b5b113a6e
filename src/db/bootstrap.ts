import { generateApiKey, SCOPES } from '../runtime-manager/runtime/index.ts';
import type { Database, Db } from './client.ts';
import { addApiKey, hasApiKeys, replaceApiKey } from './queries/api-keys.ts';
import { findFirstOrganization, insertOrganization } from './queries/organizations.ts';

const FIRST_ORGANIZATION = 'default';
const ENVIRONMENT_KEY = 'BCTRL_API_KEY';

/**
 * Makes a fresh database usable: an organization, its workspace `default` and an API key with all
 * scopes. A key from the environment takes the place of the one that came from there before.
 * Returns the key when it was generated now: the only time it can be shown.
 */
export async function bootstrap(
  database: Database,
  environmentKey: string | undefined,
): Promise<string | undefined> {
  return database.exclusively((db) => makeUsable(db, environmentKey));
}

async function makeUsable(db: Db, environmentKey: string | undefined): Promise<string | undefined> {
  const organization =
    (await findFirstOrganization(db)) ?? (await insertOrganization(db, FIRST_ORGANIZATION));
  if (environmentKey !== undefined) {
    await replaceApiKey(db, organization.id, ENVIRONMENT_KEY, environmentKey);
    return undefined;
  }
  if (await hasApiKeys(db, organization.id)) return undefined;
  const secret = generateApiKey();
  await addApiKey(db, organization.id, {
    name: 'first',
    secret,
    scopes: SCOPES,
    workspaceIds: undefined,
  });
  return secret;
}
