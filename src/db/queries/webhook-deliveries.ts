import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { DeliveryStore } from '../../runtime-manager/runtime/index.ts';
import type { Database, Db } from '../client.ts';
import { organizationBytes } from '../schema/columns.ts';
import { runtimeEvents, runtimes, webhookDeliveries } from '../schema/index.ts';
import type { Sealing } from '../sealing.ts';
import { eventJson } from './webhook-handover.ts';
import { createTurnStore } from './webhook-turns.ts';

/** How many of the deliveries that succeeded are kept for a look, and for how long those that failed. */
const KEEP_DELIVERED = 200;
const KEEP_FAILED = sql`interval '7 days'`;
/** More than come between two times. */
const TRIM_ROWS = 200;

/** An event as the statements here give it, and as it waits in its delivery. */
const EventJson = z.object({
  id: z.string(),
  type: z.string(),
  runtimeId: z.string(),
  workspaceId: z.string(),
  alias: z.string(),
  contextId: z
    .string()
    .nullish()
    .transform((value) => value ?? undefined),
  pageId: z
    .string()
    .nullish()
    .transform((value) => value ?? undefined),
  data: z.record(z.string(), z.unknown()),
  createdAt: z.coerce.date(),
});

/** What deliveries need of Postgres. */
export function createDeliveryStore(
  { db, unhurried }: Pick<Database, 'db' | 'unhurried'>,
  sealing: Pick<Sealing, 'unseal'>,
): DeliveryStore {
  return {
    ...createTurnStore(unhurried, sealing),
    readEvents: (webhook, range) => readEvents(db, webhook, range),
    listDue: (webhookId, most) => listDue(db, webhookId, most),
    listBlocked: async (webhookId, runtimeIds) => {
      const rows = await db.execute<{ id: string }>(sql`
        select runtime.id from jsonb_array_elements_text(${JSON.stringify(runtimeIds)}::jsonb)
          as runtime(id)
        where exists (select 1 from ${webhookDeliveries} where webhook_id = ${webhookId}
          and runtime_id = runtime.id::uuid and status = 'pending')`);
      return rows.map(({ id }) => id);
    },
    countPending: async (webhookId, most) => {
      const [row] = await db.execute<{ count: number }>(sql`
        select count(*)::integer as count from (select 1 from ${webhookDeliveries}
          where webhook_id = ${webhookId} and status = 'pending' limit ${most}) as waiting`);
      return row?.count ?? 0;
    },
    trim: (webhookId) => trim(unhurried, webhookId),
  };
}

/** Looks at `looks` events by an index, whatever is asked for, as `listOrganizationEvents` does. */
async function readEvents(
  db: Db,
  { organizationId, workspaceId, position }: Parameters<DeliveryStore['readEvents']>[0],
  { upTo, types, most, looks }: Parameters<DeliveryStore['readEvents']>[1],
): ReturnType<DeliveryStore['readEvents']> {
  const isWanted = types
    ? sql`event.type = any(array(select jsonb_array_elements_text(${JSON.stringify(types)}::jsonb)))`
    : sql`true`;
  const isThere =
    workspaceId === undefined ? sql`true` : sql`runtime.workspace_id = ${workspaceId}::uuid`;
  const rows = await db.execute<{ seen: string | null; looked: number; event: unknown }>(sql`
    with seen as (
      select * from ${runtimeEvents} where ${organizationBytes} = uuid_send(${organizationId}::uuid)
        and id > ${position}::bigint and id <= ${upTo}::bigint
      order by id limit ${looks}
    ), wanted as (
      select event.id, ${eventJson} as event from seen as event
      join ${runtimes} as runtime on runtime.id = event.runtime_id
      where ${isWanted} and ${isThere} order by event.id limit ${most}
    )
    select edge.seen::text, edge.looked, wanted.event
    from (select max(id) as seen, count(*)::integer as looked from seen) as edge
    left join wanted on true order by wanted.id`);
  const events = rows.flatMap(({ event }) => (event === null ? [] : [EventJson.parse(event)]));
  const [edge] = rows;
  if (events.length === most) return { events, reached: events.at(-1)?.id, hasMore: true };
  return { events, reached: edge?.seen ?? undefined, hasMore: edge?.looked === looks };
}

async function listDue(
  db: Db,
  webhookId: string,
  { runtimes: runtimesMost, each }: { runtimes: number; each: number },
) {
  const rows = await db.execute<{ event: unknown; attempts: number; first: string | null }>(sql`
    select delivery.event, delivery.attempts, delivery.first_attempt_at::text as first
    from (
      select runtime_id from ${webhookDeliveries}
      where webhook_id = ${webhookId} and status = 'pending' and next_attempt_at <= now()
      order by next_attempt_at limit ${runtimesMost}
    ) as head cross join lateral (
      select * from ${webhookDeliveries}
      where webhook_id = ${webhookId} and runtime_id = head.runtime_id and status = 'pending'
      order by event_id limit ${each}
    ) as delivery order by delivery.event_id`);
  return rows.map(({ event, attempts, first }) => ({
    event: EventJson.parse(event),
    attempts,
    firstAttemptAt: first === null ? undefined : new Date(first),
  }));
}

async function trim(db: Db, webhookId: string): Promise<void> {
  await db.execute(sql`
    delete from ${webhookDeliveries} where webhook_id = ${webhookId} and event_id = any(array(
      select event_id from ${webhookDeliveries}
      where webhook_id = ${webhookId} and status = 'delivered' and event_id < (
        select event_id from ${webhookDeliveries}
        where webhook_id = ${webhookId} and status = 'delivered'
        order by event_id desc offset ${KEEP_DELIVERED} limit 1)
      order by event_id limit ${TRIM_ROWS}))`);
  await db.execute(sql`
    delete from ${webhookDeliveries} where webhook_id = ${webhookId} and event_id = any(array(
      select event_id from ${webhookDeliveries}
      where webhook_id = ${webhookId} and status = 'failed' and created_at < now() - ${KEEP_FAILED}
      order by created_at limit ${TRIM_ROWS}))`);
}
