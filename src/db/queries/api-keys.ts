import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { and, asc, eq, isNull, ne } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { given, prepared } from '../prepared.ts';
import { apiKeys, organizations } from '../schema/index.ts';

const HINT_LENGTH = 10;

export interface ApiKeyListing {
  id: string;
  organization: string;
  name: string;
  /** The first characters of the key, to tell keys apart. */
  hint: string;
  isAdmin: boolean;
  createdAt: Date;
  revokedAt: Date | null;
}

/** A new secret of 256 random bits. */
export function generateApiKey(): string {
  return `bctrl_${randomBytes(32).toString('base64url')}`;
}

export async function addApiKey(
  db: Db,
  organizationId: string,
  name: string,
  secret: string,
  isAdmin = false,
): Promise<void> {
  const hint = secret.slice(0, Math.min(HINT_LENGTH, secret.length / 4));
  await db.insert(apiKeys).values({ organizationId, name, hint, hash: hashOf(secret), isAdmin });
}

const selectKey = prepared((db) =>
  db
    .select({
      id: apiKeys.id,
      organizationId: apiKeys.organizationId,
      isAdmin: apiKeys.isAdmin,
      hash: apiKeys.hash,
    })
    .from(apiKeys)
    .where(and(eq(apiKeys.hash, given(apiKeys.hash)), isNull(apiKeys.revokedAt)))
    .prepare('find_key_holder'),
);

/**
 * Makes `secret` the one valid key of this name, for the admin: others are revoked, and it is valid again if it
 * had been. Throws when it is the key of another organization.
 */
export async function replaceApiKey(
  db: Db,
  organizationId: string,
  name: string,
  secret: string,
): Promise<void> {
  const named = and(eq(apiKeys.organizationId, organizationId), eq(apiKeys.name, name));
  await db
    .update(apiKeys)
    .set({ revokedAt: new Date() })
    .where(and(named, ne(apiKeys.hash, hashOf(secret)), isNull(apiKeys.revokedAt)));
  const [known] = await db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.hash, hashOf(secret)));
  if (!known) return addApiKey(db, organizationId, name, secret, true);
  if (known.organizationId !== organizationId) {
    throw new Error(`${name} holds the key of another organization.`);
  }
  await db.update(apiKeys).set({ revokedAt: null, isAdmin: true }).where(eq(apiKeys.id, known.id));
}

/** Whom a key speaks for; undefined for unknown and revoked ones. */
export async function findKeyHolder(
  db: Db,
  secret: string,
): Promise<{ keyId: string; organizationId: string; isAdmin: boolean } | undefined> {
  const hash = hashOf(secret);
  const [key] = await selectKey(db).execute({ hash });
  // The database compares in its own time; the answer depends on a comparison in constant time.
  const matches = key && timingSafeEqual(Buffer.from(key.hash), Buffer.from(hash));
  if (!matches) return undefined;
  return { keyId: key.id, organizationId: key.organizationId, isAdmin: key.isAdmin };
}

export async function hasApiKeys(db: Db, organizationId: string): Promise<boolean> {
  const [key] = await db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.organizationId, organizationId), isNull(apiKeys.revokedAt)))
    .limit(1);
  return key !== undefined;
}

export async function listApiKeys(db: Db): Promise<ApiKeyListing[]> {
  return db
    .select({
      id: apiKeys.id,
      organization: organizations.name,
      name: apiKeys.name,
      hint: apiKeys.hint,
      isAdmin: apiKeys.isAdmin,
      createdAt: apiKeys.createdAt,
      revokedAt: apiKeys.revokedAt,
    })
    .from(apiKeys)
    .innerJoin(organizations, eq(organizations.id, apiKeys.organizationId))
    .orderBy(asc(apiKeys.createdAt));
}

/** False when there is no such key, or it is revoked already. */
export async function revokeApiKey(db: Db, id: string): Promise<boolean> {
  const revoked = await db
    .update(apiKeys)
    .set({ revokedAt: new Date() })
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revokedAt)))
    .returning({ id: apiKeys.id });
  return revoked.length > 0;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
