import { and, eq, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import type {
  FileStore,
  NewFile,
  StorageTotals,
  StorageUsage,
  StoredFile,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { files, isStored, organizations, storageNamespaces } from '../schema/index.ts';
import { isViolation } from './database-errors.ts';
import { createDownloadStore } from './downloads.ts';
import { createFileLists } from './file-lists.ts';
import { createFileRemovals } from './file-removals.ts';
import {
  addBytes,
  holdNamespaces,
  isAt,
  isKept,
  isOf,
  QuotaExceeded,
  toFile,
} from './file-rows.ts';
import { createNamespaceStore } from './storage-namespaces.ts';

/** What the core keeps of files, in Postgres. */
export function createFileStore(db: Db): FileStore {
  return {
    ...createNamespaceStore(db),
    ...createDownloadStore(db),
    ...createFileLists(db),
    ...createFileRemovals(db),
    usage: (organizationId) => usage(db, organizationId),
    totals: (mostBytes) => totals(db, mostBytes),
    insert: (file, how) => insertFile(db, file, how),
    find: async (organizationId, id) => {
      if (!z.uuid().safeParse(id).success) return undefined;
      const [found] = await db
        .select()
        .from(files)
        .where(and(isOf(organizationId, id), isKept));
      return found && toFile(found);
    },
    findByPath: async (namespaceId, path) => {
      const [found] = await db.select().from(files).where(isAt(namespaceId, path));
      return found && toFile(found);
    },
    move: (organizationId, id, to) => moveFile(db, { organizationId, id }, to),
  };
}

async function usage(db: Db, organizationId: string): Promise<StorageUsage> {
  const [found] = await db
    .select({ usedBytes: organizations.storageBytes, own: organizations.maxStorageBytes })
    .from(organizations)
    .where(eq(organizations.id, organizationId));
  return { usedBytes: found?.usedBytes ?? 0, ownLimitBytes: found?.own ?? undefined };
}

async function totals(db: Db, mostBytes: number): Promise<StorageTotals> {
  const most = sql`coalesce(${organizations.maxStorageBytes}, ${mostBytes})`;
  const [found = { usedBytes: 0, limitBytes: 0 }] = await db
    .select({
      usedBytes: sql`coalesce(sum(${organizations.storageBytes}), 0)`.mapWith(Number),
      limitBytes: sql`coalesce(sum(${most}), 0)`.mapWith(Number),
    })
    .from(organizations);
  return found;
}

async function insertFile(
  db: Db,
  file: NewFile,
  { isReplacing, mostBytes }: { isReplacing: boolean; mostBytes: number },
): Promise<StoredFile | 'no_namespace' | 'path_in_use' | 'quota_exceeded'> {
  const { namespaceId, path } = file;
  try {
    return await db.transaction(async (tx) => {
      const held = await holdNamespaces(tx, eq(storageNamespaces.id, namespaceId));
      if (held.length === 0) return 'no_namespace';
      if (isReplacing) {
        await tx.update(files).set({ namespaceId: null }).where(isAt(namespaceId, path));
      }
      const [row] = await tx
        .insert(files)
        .values({ ...file, state: 'stored', storedAt: sql`now()` })
        .returning();
      if (!row) throw new Error('insert returned no row');
      await addBytes(tx, file, mostBytes);
      return toFile(row);
    });
  } catch (error) {
    if (isViolation(error, 'unique', 'files_path')) return 'path_in_use';
    if (error instanceof QuotaExceeded) return 'quota_exceeded';
    throw error;
  }
}

async function moveFile(
  db: Db,
  { organizationId, id }: { organizationId: string; id: string },
  to: { namespaceId: string; path: string },
): Promise<StoredFile | 'absent' | 'no_namespace' | 'path_in_use'> {
  const from = db.select({ id: files.namespaceId }).from(files).where(isOf(organizationId, id));
  try {
    return await db.transaction(async (tx) => {
      // The one it leaves too, so that two files can change places at once.
      const both = or(
        eq(storageNamespaces.id, to.namespaceId),
        eq(storageNamespaces.id, sql`(${from})`),
      );
      const held = await holdNamespaces(tx, both);
      if (!held.includes(to.namespaceId)) return 'no_namespace';
      const [moved] = await tx
        .update(files)
        .set({ ...to, keptBy: null })
        .where(and(isOf(organizationId, id), isKept, isStored))
        .returning();
      return moved ? toFile(moved) : 'absent';
    });
  } catch (error) {
    if (isViolation(error, 'unique', 'files_path')) return 'path_in_use';
    throw error;
  }
}
