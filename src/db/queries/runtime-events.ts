import { and, asc, desc, eq, gt, inArray, sql, type SQL } from 'drizzle-orm';
import type {
  EventFilter,
  NewEvent,
  RuntimeEvent,
  RuntimeLife,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { runtimeEvents, runtimes } from '../schema/index.ts';

type Row = typeof runtimeEvents.$inferSelect;

/** The name of a statement's part that has the rows of the runtimes it wrote. */
export const MOVED = 'moved';

/** The part of a prepared statement that records `events` of the rows in `MOVED`, in their order. */
export function noteMoved(db: Db) {
  return db.$with('noted', { id: runtimeEvents.id }).as(sql`
    insert into ${runtimeEvents} (organization_id, runtime_id, type, data)
    select organization_id, moved.id, event ->> 'type', event -> 'data'
    from ${sql.identifier(MOVED)} as moved,
      jsonb_array_elements(${sql.placeholder('events')}::jsonb) with ordinality as e(event, nth)
    order by nth returning id`);
}

/** Appends what happened to a runtime, if it still exists, also when it is just being deleted. */
export async function appendEvents(
  db: Db,
  { organizationId, id }: RuntimeLife,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const list = JSON.stringify(events);
  await db.execute(sql`
    insert into ${runtimeEvents} (organization_id, runtime_id, type, context_id, page_id, data)
    select ${runtimes.organizationId}, ${runtimes.id}, e.type, e."contextId", e."pageId", e.data
    from ${runtimes}, jsonb_to_recordset(${list}::jsonb)
      as e(type text, "contextId" text, "pageId" text, data jsonb)
    where ${runtimes.organizationId} = ${organizationId} and ${runtimes.id} = ${id}
    for key share of ${runtimes}`);
}

/** Oldest first. */
export async function listEvents(
  db: Db,
  organizationId: string,
  runtimeId: string,
  { types, contextId, pageId, after, limit }: EventFilter & { limit: number },
): Promise<RuntimeEvent[]> {
  const rows = await db
    .select()
    .from(runtimeEvents)
    .where(
      and(
        isOf(organizationId, runtimeId),
        gt(runtimeEvents.id, BigInt(after)),
        types && inArray(runtimeEvents.type, [...types]),
        contextId === undefined ? undefined : eq(runtimeEvents.contextId, contextId),
        pageId === undefined ? undefined : eq(runtimeEvents.pageId, pageId),
      ),
    )
    .orderBy(asc(runtimeEvents.id))
    .limit(limit);
  return rows.map(toEvent);
}

export async function lastEventId(
  db: Db,
  organizationId: string,
  runtimeId: string,
): Promise<string> {
  const [last] = await db
    .select({ id: runtimeEvents.id })
    .from(runtimeEvents)
    .where(isOf(organizationId, runtimeId))
    .orderBy(desc(runtimeEvents.id))
    .limit(1);
  return String(last?.id ?? 0);
}

function isOf(organizationId: string, runtimeId: string): SQL | undefined {
  return and(
    eq(runtimeEvents.organizationId, organizationId),
    eq(runtimeEvents.runtimeId, runtimeId),
  );
}

export function toEvent({
  id,
  contextId,
  pageId,
  type,
  data,
  runtimeId,
  createdAt,
}: Row): RuntimeEvent {
  return {
    id: String(id),
    runtimeId,
    type,
    data,
    createdAt,
    contextId: contextId ?? undefined,
    pageId: pageId ?? undefined,
  };
}
