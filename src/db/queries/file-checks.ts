import { and, asc, eq, inArray, ne, sql } from 'drizzle-orm';
import type { FileRecords } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { files, isStored, organizations } from '../schema/index.ts';
import { isKept } from './file-rows.ts';

/** What is recorded of files, to be compared with what there is. */
export function createFileRecords(db: Db): FileRecords {
  return {
    listStored: async (limit) => {
      const { id, organizationId, key, sizeBytes } = files;
      return db
        .select({ id, organizationId, key: sql<string>`${key}`, sizeBytes })
        .from(files)
        .where(and(isStored, isKept))
        .orderBy(asc(files.id))
        .limit(limit);
    },
    listKept: async (ids) => {
      const kept = await db
        .select({ id: files.id })
        .from(files)
        .where(and(inArray(files.id, [...ids]), isStored, isKept));
      return new Set(kept.map(({ id }) => id));
    },
    findWrongBytes: async (mostFiles) => {
      const [found] = await db.execute<{ count: number }>(sql`
        select count(*)::integer as count from (select 1 from ${files} limit ${mostFiles + 1}) as found`);
      return (found?.count ?? 0) > mostFiles ? undefined : findWrongBytes(db);
    },
    correctBytes: () => correctBytes(db),
  };
}

async function findWrongBytes(db: Db) {
  const stored = db
    .select({
      organizationId: files.organizationId,
      bytes: sql`sum(${files.sizeBytes})`.mapWith(Number).as('bytes'),
    })
    .from(files)
    .where(isStored)
    .groupBy(files.organizationId)
    .as('stored');
  const storedBytes = sql`coalesce(${stored.bytes}, 0)`.mapWith(Number);
  return db
    .select({
      organizationId: organizations.id,
      countedBytes: organizations.storageBytes,
      storedBytes,
    })
    .from(organizations)
    .leftJoin(stored, eq(stored.organizationId, organizations.id))
    .where(ne(organizations.storageBytes, storedBytes))
    .orderBy(asc(organizations.id));
}

async function correctBytes(db: Db): Promise<void> {
  const wrong = (await findWrongBytes(db)).map(({ organizationId }) => organizationId);
  if (wrong.length === 0) return;
  const isWrong = inArray(organizations.id, wrong);
  await db.transaction(async (tx) => {
    await tx
      .select({ id: organizations.id })
      .from(organizations)
      .where(isWrong)
      .orderBy(asc(organizations.id))
      .for('no key update');
    // From here on nobody stores or forgets a file of these organizations, and the sum includes what
    // others did before.
    const stored = tx
      .select({ bytes: sql`coalesce(sum(${files.sizeBytes}), 0)` })
      .from(files)
      .where(and(eq(files.organizationId, organizations.id), isStored));
    await tx
      .update(organizations)
      .set({ storageBytes: sql`(${stored})` })
      .where(isWrong);
  });
}
