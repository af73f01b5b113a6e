import { and, eq, or, sql } from 'drizzle-orm';
import type { StorageStore } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import {
  browserExtensions,
  files,
  profileVersions,
  recordingParts,
  recordingVariants,
  storages,
} from '../schema/index.ts';

/** What a database knows of the storages that it owns, and of what lies in them. */
export function createStorageStore(db: Db): StorageStore {
  return {
    databaseId: () => databaseId(db),
    insert: async () => {
      const [inserted] = await db.insert(storages).values({}).returning();
      if (!inserted) throw new Error('insert returned no row');
      return { storageId: inserted.id, sweepId: inserted.sweepId };
    },
    remove: async (storageId) => {
      await db.delete(storages).where(eq(storages.id, storageId));
    },
    isOurs: async ({ storageId, sweepId }) => {
      const found = await db
        .select({ id: storages.id })
        .from(storages)
        .where(isMarked(storageId, sweepId));
      return found.length > 0;
    },
    beginSweep: async ({ storageId, sweepId }, { everyMs, graceMs }) => {
      const isDue = sql`coalesce(${storages.sweptAt} <= now() - ${age(everyMs)}, true)`;
      const [begun] = await db
        .update(storages)
        .set({
          sweepId: sql`gen_random_uuid()`,
          previousSweepId: sweepId,
          sweptAt: sql`now()`,
        })
        .where(and(isMarked(storageId, sweepId), isDue))
        .returning({
          sweepId: storages.sweepId,
          isSettled: sql<boolean>`${storages.createdAt} <= now() - ${age(graceMs)}`,
        });
      return begun;
    },
    namedKeys: (keys) => namedKeys(db, keys),
  };
}

function isMarked(storageId: string, sweepId: string) {
  return and(
    eq(storages.id, storageId),
    or(eq(storages.sweepId, sweepId), eq(storages.previousSweepId, sweepId)),
  );
}

function age(ms: number) {
  return sql`make_interval(secs => ${ms / 1000}::double precision)`;
}

/**
 * The id of the cluster and of the database in it: a dump that is restored elsewhere has others.
 * Only the database's id where this role may not read the cluster's.
 * https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
 */
async function databaseId(db: Db): Promise<string> {
  const [known] = await db.execute<{ may: boolean | null; oid: string }>(sql`
    select has_function_privilege(to_regprocedure('pg_control_system()')::oid, 'execute') as may,
      (select oid::text from pg_database where datname = current_database()) as oid`);
  if (!known) throw new Error('the database does not know itself');
  if (known.may !== true) return `unknown/${known.oid}`;
  const [cluster] = await db.execute<{ id: string }>(
    sql`select system_identifier::text as id from pg_control_system()`,
  );
  return `${cluster?.id ?? 'unknown'}/${known.oid}`;
}

async function namedKeys(db: Db, keys: readonly string[]): Promise<Set<string>> {
  const asked = sql`any(array(select jsonb_array_elements_text(${JSON.stringify(keys)}::jsonb)))`;
  const rows = await db.execute<{ key: string }>(sql`
    select key from ${profileVersions} where key = ${asked}
    union all select key from ${browserExtensions} where key = ${asked}
    union all select key from ${files} where key = ${asked}
    union all select key from ${recordingParts} where key = ${asked}
    union all select key from ${recordingVariants} where key = ${asked}`);
  return new Set(rows.map(({ key }) => key));
}
