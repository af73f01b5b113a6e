import { sql, type SQL } from 'drizzle-orm';
import type { Database } from '../../src/db/client.ts';

/** Whose history it is. */
export interface Owner {
  organizationId: string;
  workspaceId: string;
}

/** The alias of every other runtime that is over; each of the rest has one of its own. */
export const BUSY_ALIAS = 'daily';
const DAY_S = 86_400;

/**
 * Writes runtimes that are over, each with as many events, evenly over the last day, and analyzes
 * the tables, as autovacuum does in time. A million takes minutes if each row is checked and enters
 * each index as it comes: the rows are right by the way they are made, and indexes are made after.
 */
export async function insertEnded(
  database: Database,
  owner: Owner,
  { runtimes, eventsEach }: { runtimes: number; eventsEach: number },
): Promise<void> {
  await database.exclusively(async (db) => {
    await db.transaction(async (tx) => {
      await tx.execute(sql`set local session_replication_role = replica`);
      await tx.execute(sql`set local maintenance_work_mem = '256MB'`);
      const indexes = await tx.execute<{ name: string; definition: string }>(sql`
      select indexname as name, indexdef as definition from pg_indexes
      where tablename in ('runtimes', 'runtime_events') and indexdef like 'CREATE INDEX%'`);
      for (const { name } of indexes) await tx.execute(sql`drop index ${sql.identifier(name)}`);
      await tx.execute(endedRuntimes(owner, runtimes));
      await tx.execute(sql`
      insert into runtime_events (organization_id, runtime_id, type, data, created_at)
      select organization_id, id, 'runtime.created', '{}', created_at
      from runtimes, generate_series(1, ${eventsEach})
      where workspace_id = ${owner.workspaceId} and state in ('stopped', 'failed')`);
      for (const { definition } of indexes) await tx.execute(sql.raw(definition));
    });
    await db.execute(sql`vacuum analyze runtimes`);
    await db.execute(sql`vacuum analyze runtime_events`);
  });
}

function endedRuntimes({ organizationId, workspaceId }: Owner, count: number): SQL {
  return sql`
    insert into runtimes (id, organization_id, workspace_id, node_id, alias, kind, driver, launch,
      state, created_at, started_at, stopped_at)
    select gen_random_uuid(), ${organizationId}, ${workspaceId}, gen_random_uuid(),
      case when n % 2 = 1 then ${BUSY_ALIAS} else 'job-' || n end, 'browser', 'playwright',
      '{"mode":"ephemeral"}', case when n % 1000 = 0 then 'failed' else 'stopped' end::runtime_state,
      at, at, at
    from generate_series(1, ${count}::integer) n,
      lateral (select now() - n * make_interval(secs => ${DAY_S}::float / ${count}) as at) as times`;
}
