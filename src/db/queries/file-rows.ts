import { and, eq, not, sql, type SQL } from 'drizzle-orm';
import type { StoredFile } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { files, isStored, isUnkept, organizations } from '../schema/index.ts';

/** What is in a namespace, or kept by a runtime. */
export const isKept = not(isUnkept);

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
 * Adds bytes to what an organization has. False when that is more than it may have. Whoever changes
 * the row of an organization does so last.
 */
export async function addBytes(
  db: Pick<Db, 'update'>,
  { organizationId, sizeBytes }: { organizationId: string; sizeBytes: number },
  mostBytes: number,
): Promise<boolean> {
  const total = sql`${organizations.storageBytes} + ${sizeBytes}`;
  const most = sql`coalesce(${organizations.maxStorageBytes}, ${mostBytes})`;
  const added = await db
    .update(organizations)
    .set({ storageBytes: total })
    .where(and(eq(organizations.id, organizationId), sql`${total} <= ${most}`))
    .returning({ id: organizations.id });
  return added.length > 0;
}

/** Why a transaction is rolled back. */
export class Refused<Reason extends string> extends Error {
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

/** The condition for one file of an organization. */
export function isOf(organizationId: string, id: string): SQL | undefined {
  return and(eq(files.organizationId, organizationId), eq(files.id, id));
}

/** The condition for the file at a path. */
export function isAt(namespaceId: string, path: string): SQL | undefined {
  return and(eq(files.namespaceId, namespaceId), eq(files.path, path), isStored);
}
