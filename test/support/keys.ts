import type { Database } from '../../src/db/client.ts';
import { addApiKey } from '../../src/db/queries/api-keys.ts';
import { findFirstOrganization } from '../../src/db/queries/organizations.ts';
import {
  generateApiKey,
  MEMBER_SCOPES,
  type ApiKeyGrant,
} from '../../src/runtime-manager/runtime/index.ts';

/** A key of the first organization, or another, with all scopes but `admin` unless it is said otherwise. */
export async function addKey(
  { db }: Database,
  { scopes = MEMBER_SCOPES, workspaceIds }: Partial<ApiKeyGrant> = {},
  organizationId?: string,
): Promise<string> {
  const owner = organizationId ?? (await findFirstOrganization(db))?.id ?? 'nobody';
  const secret = generateApiKey();
  await addApiKey(db, owner, { name: 'test', secret, scopes, workspaceIds });
  return secret;
}
