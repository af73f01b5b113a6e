import { and, eq, getTableColumns, sql, type SQL } from 'drizzle-orm';
import type {
  ClaimedWebhook,
  DeliveryRecord,
  DeliveryStore,
  Lease,
  TurnRecord,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { runtimeEvents, runtimes, webhookDeliveries, webhooks } from '../schema/index.ts';
import type { Sealing } from '../sealing.ts';
import { toTarget, type WebhookRow } from './webhook-rows.ts';

type TurnStore = Pick<DeliveryStore, 'countEnabled' | 'claim' | 'renew' | 'release' | 'record'>;
type Writer = Pick<Db, 'execute' | 'update'>;

/** Nobody delivers for one that is disabled. */
export const DISABLED = { status: 'disabled', leasedBy: null, leasedUntil: null } as const;

/**
 * The leases of webhooks, and what turns did. After a power cut, some turns were never recorded: what
 * they delivered is delivered again.
 */
export function createTurnStore(db: Db, sealing: Pick<Sealing, 'unseal'>): TurnStore {
  const open = (row: WebhookRow & { hasPending: boolean }) => toClaimed(row, sealing);
  return {
    countEnabled: async () => {
      const rows = await db.execute<{ id: string; count: number }>(sql`
        select organization_id as id, count(*)::integer as count from ${webhooks}
        where status = 'enabled' group by organization_id`);
      return new Map(rows.map(({ id, count }) => [id, count]));
    },
    claim: async (lease, from) => (await claim(db, lease, from)).map(open),
    renew: async (id, lease) => {
      const rows = await db
        .update(webhooks)
        .set({ leasedUntil: until(lease) })
        .where(isLeased(id, lease.by))
        .returning({ id: webhooks.id });
      return rows.length > 0;
    },
    release: async (id, by) => {
      await db.update(webhooks).set({ leasedBy: null, leasedUntil: null }).where(isLeased(id, by));
    },
    record: (id, lease, turn) =>
      db.transaction(async (tx) => {
        const refused = turn.disabled && (await holdRefused(tx, turn.records));
        const row = await moveOn(tx, id, { lease, turn });
        if (!row) return undefined;
        const hasPending = row.hasPending || turn.records.some(isWaiting);
        await writeRecords(tx, id, turn.records);
        if (hasPending) await lineUp(tx, id, runtimesOf(turn.records));
        if (turn.hurries) await hurryDeliveries(tx, id);
        if (turn.disabled) await giveUp(tx, id);
        if (refused) {
          const data = { webhookId: id, reason: turn.disabled };
          await tx.insert(runtimeEvents).values({ ...refused, type: 'webhook.disabled', data });
        }
        return row.status === 'enabled' ? open({ ...row, hasPending }) : undefined;
      }),
  };
}

/** Has what waits for another try tried as soon as possible. */
export async function hurryDeliveries(db: Writer, webhookId: string): Promise<void> {
  await db.execute(sql`
    update ${webhookDeliveries} set next_attempt_at = now()
    where webhook_id = ${webhookId} and status = 'pending' and next_attempt_at > now()`);
}

const hasPending = sql<boolean>`exists (select 1 from ${webhookDeliveries} as waiting
  where waiting.webhook_id = ${webhooks.id} and waiting.status = 'pending')`;

/** Webhooks are few, and each takes a look into two indexes. */
async function claim(
  db: Db,
  lease: Lease,
  { of, limit }: { of: readonly string[] | undefined; limit: number },
) {
  const isOf = of
    ? sql`organization_id = any(array(
        select jsonb_array_elements_text(${JSON.stringify(of)}::jsonb)::uuid))`
    : sql`true`;
  const found = sql`array(
    select id from ${webhooks} as free
    where status = 'enabled' and ${isOf}
      and (leased_until is null or leased_until < now())
      and (paused_until is null or paused_until < now())
      and (
        exists (select 1 from ${runtimeEvents} as event
          where uuid_send(event.organization_id) = uuid_send(free.organization_id)
            and event.id > free.position)
        or exists (select 1 from ${webhookDeliveries} as due
          where due.webhook_id = free.id and due.status = 'pending' and due.next_attempt_at <= now())
      )
    order by random() limit ${limit} for update skip locked)`;
  return db
    .update(webhooks)
    .set({ leasedBy: lease.by, leasedUntil: until(lease) })
    .where(sql`${webhooks.id} = any(${found})`)
    .returning({ ...getTableColumns(webhooks), hasPending });
}

/**
 * The runtime whose event was refused last, which stays while it is held; undefined when it has gone.
 * Whoever deletes runtimes holds these before webhooks, so this comes first.
 */
async function holdRefused(db: Writer, records: readonly DeliveryRecord[]) {
  const last = records.findLast(({ status, attempts }) => attempts > 0 && status !== 'delivered');
  if (!last) return undefined;
  const [held] = await db.execute<{ organizationId: string; runtimeId: string }>(sql`
    select organization_id as "organizationId", id as "runtimeId" from ${runtimes}
    where id = ${last.event.runtimeId} for key share`);
  return held;
}

/** Undefined when another process has the webhook, or somebody disabled or deleted it. */
async function moveOn(
  db: Writer,
  webhookId: string,
  { lease, turn }: { lease: Lease; turn: TurnRecord },
) {
  const [row] = await db
    .update(webhooks)
    .set({
      position: BigInt(turn.position),
      failures: turn.failures,
      failingSince: turn.failingSince ?? null,
      pausedUntil: turn.pauseMs > 0 ? inMs(turn.pauseMs) : null,
      leasedUntil: until(lease),
      ...(turn.disabled && { ...DISABLED, disabledReason: turn.disabled }),
    })
    .where(and(isLeased(webhookId, lease.by), eq(webhooks.status, 'enabled')))
    .returning({ ...getTableColumns(webhooks), hasPending });
  return row;
}

/** What was not tried does not replace what is there: somebody handed it over meanwhile. */
async function writeRecords(
  db: Writer,
  webhookId: string,
  records: readonly DeliveryRecord[],
): Promise<void> {
  if (records.length === 0) return;
  // In the order of events, as all who write these rows do: two never wait for each other.
  const sorted = records.toSorted((a, b) => (BigInt(a.event.id) < BigInt(b.event.id) ? -1 : 1));
  const list = JSON.stringify(sorted.map(toColumns));
  await db.execute(sql`
    insert into ${webhookDeliveries} (webhook_id, event_id, event_type, runtime_id, status, attempts,
      event, response_status, error, duration_ms, first_attempt_at, last_attempt_at,
      next_attempt_at, created_at)
    select ${webhookId}::uuid, id, type, runtime, status, attempts, event, response, error, took,
      first, case when attempts > 0 then now() end,
      now() + make_interval(secs => next / 1000), created
    from jsonb_to_recordset(${list}::jsonb) as tried(id bigint, type text, runtime uuid, status text,
      attempts integer, event jsonb, response integer, error text, took integer,
      first timestamptz, next double precision, created timestamptz)
    on conflict (webhook_id, event_id) do update set status = excluded.status,
      attempts = excluded.attempts, event = excluded.event,
      response_status = excluded.response_status, error = excluded.error,
      duration_ms = excluded.duration_ms, first_attempt_at = excluded.first_attempt_at,
      last_attempt_at = excluded.last_attempt_at, next_attempt_at = excluded.next_attempt_at
      where excluded.attempts > 0`);
}

function runtimesOf(records: readonly DeliveryRecord[]): string[] {
  return [...new Set(records.map(({ event }) => event.runtimeId))];
}

function toColumns({
  event,
  nextAttemptInMs,
  durationMs,
  responseStatus,
  ...tried
}: DeliveryRecord) {
  return {
    id: event.id,
    type: event.type,
    runtime: event.runtimeId,
    status: tried.status,
    attempts: tried.attempts,
    event: tried.status === 'pending' ? event : null,
    response: responseStatus,
    error: tried.error,
    took: durationMs,
    first: tried.firstAttemptAt,
    next: nextAttemptInMs,
    created: event.createdAt,
  };
}

/** The first of those that wait for a runtime is due, unless it is said when. */
export async function lineUp(
  db: Writer,
  webhookId: string,
  runtimeIds: readonly string[],
): Promise<void> {
  await db.execute(sql`
    update ${webhookDeliveries} as delivery set next_attempt_at = now()
    from jsonb_array_elements_text(${JSON.stringify(runtimeIds)}::jsonb) as runtime(id)
    cross join lateral (
      select event_id, next_attempt_at from ${webhookDeliveries}
      where webhook_id = ${webhookId} and runtime_id = runtime.id::uuid and status = 'pending'
      order by event_id limit 1
    ) as first
    where delivery.webhook_id = ${webhookId} and delivery.event_id = first.event_id
      and first.next_attempt_at is null`);
}

/** Nothing waits for a webhook that is disabled. */
async function giveUp(db: Writer, webhookId: string): Promise<void> {
  await db.execute(sql`
    update ${webhookDeliveries} set status = 'failed', event = null, next_attempt_at = null
    where webhook_id = ${webhookId} and status = 'pending'`);
}

function isWaiting({ status: became }: DeliveryRecord): boolean {
  return became === 'pending';
}

function isLeased(webhookId: string, by: string): SQL | undefined {
  return and(eq(webhooks.id, webhookId), eq(webhooks.leasedBy, by));
}

function until({ forMs }: Lease): SQL {
  return inMs(forMs);
}

function inMs(ms: number): SQL {
  return sql`now() + make_interval(secs => ${ms / 1000}::double precision)`;
}

function toClaimed(
  row: WebhookRow & { hasPending: boolean },
  sealing: Pick<Sealing, 'unseal'>,
): ClaimedWebhook {
  return {
    ...toTarget(row, sealing),
    organizationId: row.organizationId,
    workspaceId: row.workspaceId ?? undefined,
    events: row.events,
    position: String(row.position),
    failures: row.failures,
    failingSince: row.failingSince ?? undefined,
    hasPending: row.hasPending,
  };
}
