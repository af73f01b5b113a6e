import { asc, eq, sql, type SQLWrapper } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { runtimeEvents, runtimes, webhookDeliveries, webhooks } from '../schema/index.ts';
import { lineUp } from './webhook-turns.ts';

/** What a receiver is told of `event` in `runtime`, as `WebhookEvent`. */
export const eventJson = sql`jsonb_build_object('id', event.id::text, 'type', event.type,
  'runtimeId', event.runtime_id, 'workspaceId', runtime.workspace_id, 'alias', runtime.alias,
  'contextId', event.context_id, 'pageId', event.page_id, 'data', event.data,
  'createdAt', event.created_at)`;

/** Whether a webhook's patterns have an event: `*` and `runtime.*` have what begins like them. */
const isWanted = sql`exists (select 1 from unnest(webhook.events) as pattern
  where event.type = pattern
    or (pattern like '%*' and starts_with(event.type, left(pattern, -1))))`;

/**
 * Makes deliveries of the events of runtimes that are about to be deleted, as far as webhooks do
 * not have them yet: the events go with their runtimes. `runtimeIds` selects the runtimes, whose
 * rows the transaction holds, so that no event comes after this.
 */
export async function handOver(
  db: Pick<Db, 'execute' | 'select' | 'update'>,
  organizationId: string,
  runtimeIds: SQLWrapper,
): Promise<void> {
  // Whoever delivers for one of them meanwhile waits, or is waited for: the two write the same rows.
  const held = await db
    .select({ id: webhooks.id })
    .from(webhooks)
    .where(eq(webhooks.organizationId, organizationId))
    .orderBy(asc(webhooks.id))
    .for('no key update');
  if (held.length === 0) return;
  const made = await db.execute<{ webhookId: string; runtimeId: string }>(sql`
    insert into ${webhookDeliveries} (webhook_id, event_id, event_type, runtime_id, status, attempts,
      event, created_at)
    select webhook.id, event.id, event.type, event.runtime_id, 'pending', 0, ${eventJson},
      event.created_at
    from ${webhooks} as webhook
    join ${runtimes} as runtime on runtime.id in (${runtimeIds})
      and (webhook.workspace_id is null or webhook.workspace_id = runtime.workspace_id)
    join ${runtimeEvents} as event on event.runtime_id = runtime.id and event.id > webhook.position
    where webhook.organization_id = ${organizationId} and webhook.status = 'enabled' and ${isWanted}
    order by webhook.id, event.id
    on conflict (webhook_id, event_id) do nothing
    returning webhook_id as "webhookId", runtime_id as "runtimeId"`);
  for (const [webhookId, ofWebhook] of Map.groupBy(made, (row) => row.webhookId)) {
    await lineUp(db, webhookId, [...new Set(ofWebhook.map(({ runtimeId }) => runtimeId))]);
  }
}
