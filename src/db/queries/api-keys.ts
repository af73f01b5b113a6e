import { createHash, timingSafeEqual } from 'node:crypto';
import { and, asc, desc, eq, isNull, ne, not, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import {
  SCOPES,
  type ApiKey,
  type ApiKeyGrant,
  type ApiKeyStore,
  type NewApiKey,
  type Page,
  type PageRequest,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { given, prepared } from '../prepared.ts';
import { apiKeys, isValidAdminKey, isValidKey, organizations } from '../schema/index.ts';
import { afterCursor, toPage } from './pages.ts';

const HINT_LENGTH = 10;
/** The part of a statement that holds the valid admin keys of an organization. */
const ADMINS = 'admins';

type Row = typeof apiKeys.$inferSelect;

export interface ApiKeyListing extends ApiKeyGrant {
  id: string;
  organizationId: string;
  organization: string;
  name: string;
  hint: string;
  createdAt: Date;
  revokedAt: Date | null;
}

/** The organization that a key speaks for, and what the key allows. */
export interface KeyHolder extends ApiKeyGrant {
  keyId: string;
  keyName: string;
  organizationId: string;
}

/** What the core keeps of API keys, in Postgres. */
export function createApiKeyStore(db: Db): ApiKeyStore {
  return {
    insert: (organizationId, key) => addApiKey(db, organizationId, key),
    list: (organizationId, page) => listKeys(db, organizationId, page),
    revoke: async (organizationId, id, { keepAdmin }) => {
      if (!z.uuid().safeParse(id).success) return 'absent';
      const revoked = await revokeKey(db, { organizationId, id }, keepAdmin);
      if (revoked) return toApiKey(revoked);
      const [kept] = await db.select().from(apiKeys).where(isKey(organizationId, id));
      return kept ? 'last_admin' : 'absent';
    },
  };
}

export async function addApiKey(
  db: Db,
  organizationId: string,
  { secret, name, scopes, workspaceIds }: NewApiKey,
): Promise<ApiKey> {
  const [added] = await db
    .insert(apiKeys)
    .values({
      organizationId,
      name,
      hint: secret.slice(0, Math.min(HINT_LENGTH, secret.length / 4)),
      hash: hashOf(secret),
      scopes: [...scopes],
      workspaceIds: workspaceIds ? [...workspaceIds] : null,
    })
    .returning();
  if (!added) throw new Error('insert returned no row');
  return toApiKey(added);
}

const selectKey = prepared((db) =>
  db
    .select({
      id: apiKeys.id,
      name: apiKeys.name,
      organizationId: apiKeys.organizationId,
      scopes: apiKeys.scopes,
      workspaceIds: apiKeys.workspaceIds,
      hash: apiKeys.hash,
    })
    .from(apiKeys)
    .where(and(eq(apiKeys.hash, given(apiKeys.hash)), isNull(apiKeys.revokedAt)))
    .prepare('find_key_holder'),
);

/** Undefined for unknown and revoked keys. */
export async function findKeyHolder(db: Db, secret: string): Promise<KeyHolder | undefined> {
  const hash = hashOf(secret);
  const [key] = await selectKey(db).execute({ hash });
  // The database's comparison takes its own time; a comparison in constant time decides the answer.
  const matches = key && timingSafeEqual(Buffer.from(key.hash), Buffer.from(hash));
  if (!matches) return undefined;
  const { id: keyId, name: keyName, organizationId, scopes } = key;
  return { keyId, keyName, organizationId, scopes, workspaceIds: key.workspaceIds ?? undefined };
}

/**
 * Makes `secret` the only valid key of this name, with all scopes: other keys of the name are
 * revoked, and a revoked `secret` becomes valid again. Throws when it is the key of another
 * organization.
 */
export async function replaceApiKey(
  db: Db,
  organizationId: string,
  name: string,
  secret: string,
): Promise<void> {
  const all = { scopes: [...SCOPES], workspaceIds: undefined };
  const [known] = await db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.hash, hashOf(secret)));
  if (known && known.organizationId !== organizationId) {
    throw new Error(`${name} holds the key of another organization.`);
  }
  if (!known) await addApiKey(db, organizationId, { name, secret, ...all });
  else {
    await db
      .update(apiKeys)
      .set({ revokedAt: null, scopes: all.scopes, workspaceIds: null })
      .where(eq(apiKeys.id, known.id));
  }
  const named = and(eq(apiKeys.organizationId, organizationId), eq(apiKeys.name, name));
  await db
    .update(apiKeys)
    .set({ revokedAt: new Date() })
    .where(and(named, ne(apiKeys.hash, hashOf(secret)), isNull(apiKeys.revokedAt)));
}

export async function hasApiKeys(db: Db, organizationId: string): Promise<boolean> {
  const [key] = await db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.organizationId, organizationId), isNull(apiKeys.revokedAt)))
    .limit(1);
  return key !== undefined;
}

/** All keys that there ever were, of all organizations. */
export async function listAllApiKeys(db: Db): Promise<ApiKeyListing[]> {
  const rows = await db
    .select()
    .from(apiKeys)
    .innerJoin(organizations, eq(organizations.id, apiKeys.organizationId))
    .orderBy(asc(apiKeys.createdAt));
  return rows.map(({ api_keys: { revokedAt, ...key }, organizations: { name } }) => ({
    ...key,
    workspaceIds: key.workspaceIds ?? undefined,
    organization: name,
    revokedAt,
  }));
}

async function listKeys(db: Db, organizationId: string, page: PageRequest): Promise<Page<ApiKey>> {
  const rows = await db
    .select()
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.organizationId, organizationId),
        isValidKey,
        afterCursor(apiKeys, page.cursor),
      ),
    )
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(page.limit + 1);
  return toPage(rows.map(toApiKey), page);
}

/**
 * Revokes a key in one statement, which holds the admin keys while it looks for another: when two
 * admins revoke each other's keys at once, the second statement waits and finds the last key.
 */
async function revokeKey(
  db: Db,
  { organizationId, id }: Pick<ApiKey, 'organizationId' | 'id'>,
  keepAdmin: boolean,
): Promise<Row | undefined> {
  const admins = db.$with(ADMINS).as(
    db
      .select({ id: apiKeys.id })
      .from(apiKeys)
      .where(and(eq(apiKeys.organizationId, organizationId), isValidAdminKey))
      .orderBy(asc(apiKeys.id))
      .for('update'),
  );
  const hasOther = sql`exists (select 1 from ${sql.identifier(ADMINS)} where id <> ${id})`;
  const may = keepAdmin ? or(not(sql`'admin' = any(scopes)`), hasOther) : undefined;
  const [revoked] = await db
    .with(admins)
    .update(apiKeys)
    .set({ revokedAt: new Date() })
    .where(and(isKey(organizationId, id), may))
    .returning();
  return revoked;
}

function isKey(organizationId: string, id: string) {
  return and(eq(apiKeys.organizationId, organizationId), eq(apiKeys.id, id), isValidKey);
}

function toApiKey({
  id,
  organizationId,
  name,
  hint,
  scopes,
  workspaceIds,
  createdAt,
}: Row): ApiKey {
  return {
    id,
    organizationId,
    name,
    hint,
    scopes,
    workspaceIds: workspaceIds ?? undefined,
    createdAt,
  };
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
