import { and, asc, eq, gt, not, sql } from 'drizzle-orm';
import type { FileStore } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { files, isArriving, isStored, isUnkept, organizations } from '../schema/index.ts';
import { isKept, isOf } from './file-rows.ts';

type Removals = Pick<FileStore, 'remove' | 'removeAll' | 'listUnkept' | 'forget'>;

const UNKEPT = { namespaceId: null, keptBy: null };

export function createFileRemovals(db: Db): Removals {
  return {
    remove: async (organizationId, id) => {
      const removed = await db
        .update(files)
        .set(UNKEPT)
        .where(and(isOf(organizationId, id), isKept, not(isArriving)))
        .returning({ id: files.id });
      return removed.length > 0;
    },
    removeAll: async (namespaceId, limit) => {
      const some = db
        .select({ id: files.id })
        .from(files)
        .where(eq(files.namespaceId, namespaceId))
        .orderBy(asc(files.path))
        .limit(limit)
        .for('update');
      const removed = await db
        .update(files)
        .set(UNKEPT)
        .where(sql`${files.id} = any(array(${some}))`)
        .returning({ id: files.id });
      return removed.length;
    },
    listUnkept: async (limit, after) => {
      const rows = await db
        .select({ id: files.id, key: files.key })
        .from(files)
        .where(
          and(isUnkept, not(isArriving), after === undefined ? undefined : gt(files.id, after)),
        )
        .orderBy(asc(files.id))
        .limit(limit);
      return rows.map(({ id, key }) => ({ id, key: key ?? undefined }));
    },
    forget: (ids) => forget(db, ids),
  };
}

/** Gives the bytes of each file back once, however many services forget it: one of them does. */
async function forget(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.execute(sql`
    with gone as (
      delete from ${files} where id = any(array(
        select id from ${files} where ${isUnkept} and not ${isArriving} and id = any(array(
          select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)::uuid
        )) order by id for update skip locked
      )) returning organization_id, size_bytes, state
    ), freed as (
      select organization_id as id, sum(size_bytes) as bytes from gone
      where ${isStored} group by organization_id
    )
    update ${organizations} set storage_bytes = storage_bytes - locked.bytes from (
      select organization.id, freed.bytes from ${organizations} as organization
        join freed using (id) order by organization.id for no key update of organization
    ) as locked where ${organizations.id} = locked.id`);
}
