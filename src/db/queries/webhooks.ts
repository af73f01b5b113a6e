import { and, desc, eq, inArray, lt, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type {
  Delivery,
  NewWebhook,
  Webhook,
  WebhookChanges,
  WebhookScope,
  WebhookStore,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { organizations, webhookDeliveries, webhooks, type SealedSecrets } from '../schema/index.ts';
import type { Sealing } from '../sealing.ts';
import { afterCursor, toPage } from './pages.ts';
import { DISABLED, hurryDeliveries } from './webhook-turns.ts';
import { toTarget, toWebhook } from './webhook-rows.ts';

/** What happens from now on comes after it. */
const LAST_GIVEN = sql`(select coalesce(pg_sequence_last_value(
  pg_get_serial_sequence('runtime_events', 'id')::regclass), 0))`;

/** What the core keeps of webhooks, in Postgres. */
export function createWebhookStore(db: Db, sealing: Sealing): WebhookStore {
  return {
    insert: async (organizationId, { secret, ...values }, most) => {
      const secrets = { current: sealing.seal(secret) };
      return insertWebhook(db, organizationId, { ...values, secrets }, most);
    },
    find: async (scope, id) => {
      const [row] = await db.select().from(webhooks).where(isIn(scope, id));
      return row && toWebhook(row);
    },
    list: async (scope, page) => {
      const rows = await db
        .select()
        .from(webhooks)
        .where(and(isVisible(scope), afterCursor(webhooks, page.cursor)))
        .orderBy(desc(webhooks.createdAt), desc(webhooks.id))
        .limit(page.limit + 1);
      return toPage(rows.map(toWebhook), page);
    },
    update: (scope, id, changes) => updateWebhook(db, isIn(scope, id), changes),
    remove: async (scope, id) => {
      const [row] = await db.delete(webhooks).where(isIn(scope, id)).returning();
      return row && toWebhook(row);
    },
    rotate: async (scope, id, { secret, keepMs }) => {
      const current = sealing.seal(secret);
      const [row] = await db
        .update(webhooks)
        .set({
          secrets: sql`jsonb_build_object('current', ${current}::text, 'previous', secrets -> 'current')`,
          previousUntil: sql`now() + make_interval(secs => ${keepMs / 1000}::double precision)`,
        })
        .where(isIn(scope, id))
        .returning();
      return row && toWebhook(row);
    },
    findTarget: async (scope, id) => {
      const [row] = await db.select().from(webhooks).where(isIn(scope, id));
      return row && toTarget(row, sealing);
    },
    hurry: async (id) => {
      await db
        .update(webhooks)
        .set({ failures: 0, failingSince: null, pausedUntil: null })
        .where(eq(webhooks.id, id));
      await hurryDeliveries(db, id);
    },
    listDeliveries: (webhookId, filter, limit) => listDeliveries(db, webhookId, filter, limit),
  };
}

async function insertWebhook(
  db: Db,
  organizationId: string,
  { events, ...values }: Omit<NewWebhook, 'secret'> & { secrets: SealedSecrets },
  most: number,
): Promise<Webhook | undefined> {
  return db.transaction(async (tx) => {
    // Whoever creates one at the same time waits, so that there are never more.
    await tx
      .select({ id: organizations.id })
      .from(organizations)
      .where(eq(organizations.id, organizationId))
      .for('no key update');
    const those = eq(webhooks.organizationId, organizationId);
    if ((await tx.$count(webhooks, those)) >= most) return undefined;
    const [made] = await tx
      .insert(webhooks)
      .values({ ...values, organizationId, events: [...events], position: LAST_GIVEN })
      .returning();
    return made && toWebhook(made);
  });
}

async function listDeliveries(
  db: Db,
  webhookId: string,
  { status, before }: Parameters<WebhookStore['listDeliveries']>[1],
  limit: number,
): Promise<Delivery[]> {
  const rows = await db
    .select()
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.webhookId, webhookId),
        status && eq(webhookDeliveries.status, status),
        before === undefined ? undefined : lt(webhookDeliveries.eventId, BigInt(before)),
      ),
    )
    .orderBy(desc(webhookDeliveries.eventId))
    .limit(limit);
  return rows.map(toDelivery);
}

/** One that is enabled again goes on with what happens from now on, as if it had never failed. */
async function updateWebhook(
  db: Db,
  which: SQL | undefined,
  { status, events, ...changes }: WebhookChanges,
): Promise<Webhook | undefined> {
  const again = sql`(${webhooks.status} = 'disabled')`;
  const enabled = {
    status: 'enabled',
    disabledReason: null,
    position: sql`case when ${again} then ${LAST_GIVEN} else ${webhooks.position} end`,
    failures: sql`case when ${again} then 0 else ${webhooks.failures} end`,
    failingSince: sql`case when ${again} then null else ${webhooks.failingSince} end`,
    pausedUntil: sql`case when ${again} then null else ${webhooks.pausedUntil} end`,
  } as const;
  const disabled = {
    ...DISABLED,
    disabledReason: sql`coalesce(${webhooks.disabledReason}, 'requested')`,
  } as const;
  const [row] = await db
    .update(webhooks)
    .set({
      ...changes,
      ...(events && { events: [...events] }),
      ...(status === 'enabled' && enabled),
      ...(status === 'disabled' && disabled),
      updatedAt: new Date(),
    })
    .where(which)
    .returning();
  return row && toWebhook(row);
}

function isVisible({ organizationId, workspaceIds }: WebhookScope): SQL | undefined {
  return and(
    eq(webhooks.organizationId, organizationId),
    workspaceIds && inArray(webhooks.workspaceId, [...workspaceIds]),
  );
}

function isIn(scope: WebhookScope, id: string): SQL | undefined {
  if (!z.uuid().safeParse(id).success) return sql`false`;
  return and(isVisible(scope), eq(webhooks.id, id));
}

function toDelivery(row: typeof webhookDeliveries.$inferSelect): Delivery {
  return {
    eventId: String(row.eventId),
    eventType: row.eventType,
    runtimeId: row.runtimeId,
    status: row.status,
    attempts: row.attempts,
    responseStatus: row.responseStatus ?? undefined,
    error: row.error ?? undefined,
    durationMs: row.durationMs ?? undefined,
    firstAttemptAt: row.firstAttemptAt ?? undefined,
    lastAttemptAt: row.lastAttemptAt ?? undefined,
    nextAttemptAt: row.nextAttemptAt ?? undefined,
    createdAt: row.createdAt,
  };
}
