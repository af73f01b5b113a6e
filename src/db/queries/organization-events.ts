import { and, asc, gt, inArray, lte, max, sql } from 'drizzle-orm';
import type { EventBatch, EventRange } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { organizationBytes } from '../schema/columns.ts';
import { runtimeEvents, runtimes } from '../schema/index.ts';
import { toEvent } from './runtime-events.ts';

/**
 * Looks at `limit` events by an index, whatever is asked for, and leaves out afterwards what does
 * not match.
 */
export async function listOrganizationEvents(
  db: Db,
  organizationId: string,
  { after, upTo, types, workspaceIds }: EventRange,
  limit: number,
): Promise<EventBatch> {
  const seen = db.$with('seen').as(
    db
      .select()
      .from(runtimeEvents)
      .where(
        and(
          sql`${organizationBytes} = uuid_send(${organizationId}::uuid)`,
          gt(runtimeEvents.id, BigInt(after)),
          lte(runtimeEvents.id, BigInt(upTo)),
        ),
      )
      .orderBy(asc(runtimeEvents.id))
      .limit(limit),
  );
  const edge = db.$with('edge').as(db.select({ reached: max(seen.id).as('reached') }).from(seen));
  const isIn = (ids: readonly string[]) =>
    sql`exists (select 1 from ${runtimes} where ${runtimes.id} = ${seen.runtimeId}
      and ${inArray(runtimes.workspaceId, [...ids])})`;
  const rows = await db
    .with(seen, edge)
    .select()
    .from(edge)
    .leftJoin(
      seen,
      and(sql`true`, types && inArray(seen.type, [...types]), workspaceIds && isIn(workspaceIds)),
    )
    .orderBy(asc(seen.id));
  const reached = rows[0]?.edge.reached;
  return {
    events: rows.flatMap(({ seen: row }) => (row ? [toEvent(row)] : [])),
    reached: reached === null || reached === undefined ? undefined : String(reached),
  };
}

/**
 * Sequences give ids outside of transactions:
 * https://www.postgresql.org/docs/current/functions-sequence.html
 */
export async function lastGivenEventId(db: Db): Promise<string> {
  const [row] = await db.execute<{ id: string }>(sql`
    select coalesce(pg_sequence_last_value(
      pg_get_serial_sequence('runtime_events', 'id')::regclass), 0)::text as id`);
  return row?.id ?? '0';
}

/**
 * A transaction that writes a table holds the table's lock from before its statement gives ids
 * until the transaction is over, and leaves this list only when its commit can be read.
 * https://www.postgresql.org/docs/current/view-pg-locks.html
 */
export async function listEventWriters(db: Db): Promise<string[]> {
  const rows = await db.execute<{ writer: string }>(sql`
    select virtualtransaction as writer from pg_locks
    where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
      and relation = 'runtime_events'::regclass
      and database = (select oid from pg_database where datname = current_database())`);
  return rows.map(({ writer }) => writer);
}
