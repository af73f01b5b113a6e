import { sql, type SQL } from 'drizzle-orm';
import type { Batch, BatchEnd, RetentionStore } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import {
  asAuditAge,
  auditEntries,
  idempotencyKeys,
  isActive,
  isOver,
  operations,
  runtimeEvents,
  runtimes,
} from '../schema/index.ts';
import { KEPT_HOURS } from './idempotency-keys.ts';

/**
 * Removes what is old, oldest first, at most one batch at a time. A batch passes over rows that
 * another statement holds, so services share the work; and it begins where the one before ended, so
 * that it does not read what that one left for vacuum. The clock of the database tells all ages: a
 * service whose clock is wrong removes nothing young.
 */
export function createRetentionStore(db: Db): RetentionStore {
  return {
    removeRuntimes: (olderThanMs, batch) => removeRuntimes(db, olderThanMs, batch),
    removeEvents: (olderThanMs, batch) =>
      removeOldest(db, { table: runtimeEvents, age: age(olderThanMs) }, batch),
    removeOperations: (olderThanMs, batch) =>
      removeOldest(
        db,
        { table: operations, age: age(olderThanMs), also: sql`ended_at is not null` },
        batch,
      ),
    removeAuditEntries: (olderThanMs, batch) =>
      removeOldest(db, { table: auditEntries, age: age(olderThanMs), as: asAuditAge }, batch),
    removeIdempotencyKeys: (batch) =>
      removeOldest(
        db,
        { table: idempotencyKeys, age: sql`make_interval(hours => ${KEPT_HOURS})` },
        batch,
      ),
    findCrowded: (nodeId, crowd) => findCrowded(db, nodeId, crowd),
    removeEventsUpTo: (runtimeId, upTo, limit) => removeEventsUpTo(db, runtimeId, upTo, limit),
    countRuntimes: (olderThanMs, most) =>
      count(db, sql`${runtimes} where ${isOld(age(olderThanMs))}`, most),
    countEvents: (olderThanMs, most) =>
      count(db, sql`${runtimeEvents} where created_at < now() - ${age(olderThanMs)}`, most),
  };
}

function age(ms: number): SQL {
  return sql`make_interval(secs => ${ms / 1000}::double precision)`;
}

function isOld(than: SQL): SQL {
  return sql`${isOver} and stopped_at < now() - ${than}`;
}

/**
 * Removes a batch of runtimes and of their events, each runtime's oldest events first. A runtime
 * whose newest event is not in the batch stays for the next one, so that its own removal does not
 * remove thousands. A runtime that is started meanwhile waits for the statement, or is no longer
 * over at its turn.
 */
async function removeRuntimes(
  db: Db,
  olderThanMs: number,
  { from, limit }: Batch,
): Promise<BatchEnd> {
  const newest = sql`select id from ${runtimeEvents} where runtime_id = old.id order by id desc limit 1`;
  const [row] = await db.execute<{ found: number; gone: number; next: string | null }>(sql`
    with old as (
      select id, stopped_at from ${runtimes}
      where ${isOld(age(olderThanMs))} and stopped_at >= ${from}::timestamptz
      order by stopped_at limit ${limit} for update skip locked
    ), doomed as materialized (
      select event.id from old cross join lateral (
        select id from ${runtimeEvents} where runtime_id = old.id order by id limit ${limit}
      ) as event limit ${limit}
    ), emptied as (
      delete from ${runtimeEvents} where id = any(array(select id from doomed))
    ), gone as (
      delete from ${runtimes} where id = any(array(
        select id from old where not exists (
          select 1 from (${newest}) as newest where id <> all(array(select id from doomed))
        )
      )) returning id
    )
    select (select count(*) from old)::integer as found, (select count(*) from gone)::integer as gone,
      coalesce(
        (select min(stopped_at) from old where id not in (select id from gone)),
        (select max(stopped_at) from old)
      )::text as next`);
  const { found = 0, gone = 0, next } = row ?? {};
  const isLast = found < limit && gone === found;
  return { removed: gone, next: isLast ? undefined : (next ?? undefined) };
}

type Aged = typeof runtimeEvents | typeof operations | typeof idempotencyKeys | typeof auditEntries;

interface Oldest {
  table: Aged;
  age: SQL;
  also?: SQL;
  /** How the table's index has `created_at`, if not as it is. */
  as?: (time: SQL) => SQL;
}

/** Finds rows by the table's index on `created_at`. */
async function removeOldest(
  db: Db,
  { table, age: than, also = sql`true`, as = (time) => time }: Oldest,
  { from, limit }: Batch,
): Promise<BatchEnd> {
  const createdAt = as(sql`created_at`);
  const [row] = await db.execute<{ gone: number; reached: string | null }>(sql`
    with gone as (
      delete from ${table} where id = any(array(
        select id from ${table}
        where ${createdAt} < ${as(sql`now() - ${than}`)}
          and ${createdAt} >= ${as(sql`${from}::timestamptz`)} and ${also}
        order by ${createdAt} limit ${limit} for update skip locked
      )) returning created_at
    ) select count(*)::integer as gone, max(created_at)::text as reached from gone`);
  const { gone = 0, reached } = row ?? {};
  return { removed: gone, next: gone < limit ? undefined : (reached ?? undefined) };
}

/**
 * Finds the crowded ones among a node's runtimes that are active or were so lately, and had an
 * event lately. Reads as many index entries of each as events may be kept: what others wrote, and
 * how much, costs nothing.
 */
async function findCrowded(
  db: Db,
  nodeId: string,
  { perRuntime, writtenWithinMs }: { perRuntime: number; writtenWithinMs: number },
): Promise<{ runtimeId: string; upTo: string }[]> {
  const lately = sql`now() - ${age(writtenWithinMs)}`;
  return db.execute<{ runtimeId: string; upTo: string }>(sql`
    with recent as materialized (
      select id from ${runtimes} where node_id = ${nodeId} and ${isActive}
      union all
      select id from ${runtimes} where ${isOver} and stopped_at >= ${lately} and node_id = ${nodeId}
    )
    select recent.id as "runtimeId", edge.id::text as "upTo"
    from recent cross join lateral (
      select created_at from ${runtimeEvents} where runtime_id = recent.id order by id desc limit 1
    ) as newest cross join lateral (
      select id from ${runtimeEvents}
      where runtime_id = recent.id and newest.created_at >= ${lately}
      order by id desc offset ${perRuntime} limit 1
    ) as edge`);
}

async function removeEventsUpTo(
  db: Db,
  runtimeId: string,
  upTo: string,
  limit: number,
): Promise<number> {
  const gone = await db.execute(sql`
    delete from ${runtimeEvents} where id = any(array(
      select id from ${runtimeEvents} where runtime_id = ${runtimeId} and id <= ${upTo}::bigint
      order by id limit ${limit} for update skip locked
    )) returning 1`);
  return gone.length;
}

async function count(db: Db, rows: SQL, most: number): Promise<number> {
  const [found] = await db.execute<{ count: number }>(
    sql`select count(*)::integer as count from (select 1 from ${rows} limit ${most}) as found`,
  );
  return found?.count ?? 0;
}
