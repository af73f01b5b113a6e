import { and, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type {
  FileStore,
  NewFile,
  StorageUsage,
  StoredFile,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { files, isStored, organizations } from '../schema/index.ts';
import { isViolation } from './database-errors.ts';
import { createDownloadStore } from './downloads.ts';
import { createFileLists } from './file-lists.ts';
import { createFileRemovals } from './file-removals.ts';
import { addBytes, isAt, isKept, isOf, Refused, toFile } from './file-rows.ts';
import { createNamespaceStore } from './storage-namespaces.ts';

/** How often a file is recorded that is to replace others of its path: each time one of these wins. */
const ATTEMPTS = 100;

/** What the core keeps of files, in Postgres. */
export function createFileStore(db: Db): FileStore {
  return {
    ...createNamespaceStore(db),
    ...createDownloadStore(db),
    ...createFileLists(db),
    ...createFileRemovals(db),
    usage: (organizationId) => usage(db, organizationId),
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

type Inserting = Parameters<FileStore['insert']>[1];

async function insertFile(db: Db, file: NewFile, how: Inserting): ReturnType<FileStore['insert']> {
  // Whoever replaces what was not there yet finds what somebody else has stored just then.
  for (let attempt = how.isReplacing ? ATTEMPTS : 1; ; attempt--) {
    try {
      return await db.transaction((tx) => insertIn(tx, file, how));
    } catch (error) {
      if (error instanceof Refused) return 'quota_exceeded';
      if (isViolation(error, 'foreignKey', 'files_namespace')) return 'no_namespace';
      if (!isViolation(error, 'unique', 'files_path')) throw error;
      if (attempt === 1) return 'path_in_use';
    }
  }
}

async function insertIn(
  tx: Pick<Db, 'insert' | 'update'>,
  file: NewFile,
  { isReplacing, mostBytes }: Inserting,
): Promise<StoredFile> {
  if (isReplacing) {
    await tx.update(files).set({ namespaceId: null }).where(isAt(file.namespaceId, file.path));
  }
  const [row] = await tx
    .insert(files)
    .values({ ...file, state: 'stored', storedAt: sql`now()` })
    .returning();
  if (!row) throw new Error('insert returned no row');
  if (await addBytes(tx, file, mostBytes)) return toFile(row);
  throw new Refused('quota_exceeded');
}

async function moveFile(
  db: Db,
  { organizationId, id }: { organizationId: string; id: string },
  to: { namespaceId: string; path: string },
): ReturnType<FileStore['move']> {
  try {
    const [moved] = await db
      .update(files)
      .set({ ...to, keptBy: null })
      .where(and(isOf(organizationId, id), isKept, isStored))
      .returning();
    return moved ? toFile(moved) : 'absent';
  } catch (error) {
    if (isViolation(error, 'foreignKey', 'files_namespace')) return 'no_namespace';
    if (isViolation(error, 'unique', 'files_path')) return 'path_in_use';
    throw error;
  }
}
