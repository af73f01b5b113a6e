import { and, asc, eq, sql, type SQL } from 'drizzle-orm';
import type { StoredFile } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { files, isUnkept, organizations, storageNamespaces } from '../schema/index.ts';

/** What is in a namespace, or kept by a runtime. */
export const isKept = sql`not (${isUnkept})`;

export function toFile(row: typeof files.$inferSelect): StoredFile {
  const { namespaceId, runtimeId, sha256, key, url, failure, storedAt, ...rest } = row;
  const { keptBy: _keptBy, nodeId: _nodeId, ...file } = rest;
  return {
    ...file,
    namespaceId: namespaceId ?? undefined,
    runtimeId: runtimeId ?? undefined,
    sha256: sha256 ?? undefined,
    key: key ?? undefined,
    url: url ?? undefined,
    failure: failure ?? undefined,
    storedAt: storedAt ?? undefined,
  };
}

/**
 * Holds namespaces until the transaction ends, and resolves with their ids. Whoever gives files
 * their paths in a namespace holds it first, so nobody else does meanwhile, and it does not go.
 */
export async function holdNamespaces(
  db: Pick<Db, 'select'>,
  which: SQL | undefined,
): Promise<string[]> {
  const held = await db
    .select({ id: storageNamespaces.id })
    .from(storageNamespaces)
    .where(which)
    .orderBy(asc(storageNamespaces.id))
    .for('no key update');
  return held.map(({ id }) => id);
}

/**
 * Adds bytes to what an organization has. Throws `QuotaExceeded` when that is more than it may have.
 * Whoever changes the row of an organization does so last.
 */
export async function addBytes(
  db: Pick<Db, 'update'>,
  { organizationId, sizeBytes }: { organizationId: string; sizeBytes: number },
  mostBytes: number,
): Promise<void> {
  const total = sql`${organizations.storageBytes} + ${sizeBytes}`;
  const most = sql`coalesce(${organizations.maxStorageBytes}, ${mostBytes})`;
  const added = await db
    .update(organizations)
    .set({ storageBytes: total })
    .where(and(eq(organizations.id, organizationId), sql`${total} <= ${most}`))
    .returning({ id: organizations.id });
  if (added.length === 0) throw new QuotaExceeded();
}

/** Has a transaction rolled back. */
export class QuotaExceeded extends Error {}

/** The condition for one file of an organization. */
export function isOf(organizationId: string, id: string): SQL | undefined {
  return and(eq(files.organizationId, organizationId), eq(files.id, id));
}

/** The condition for the file at a path. */
export function isAt(namespaceId: string, path: string): SQL | undefined {
  return and(eq(files.namespaceId, namespaceId), eq(files.path, path));
}
