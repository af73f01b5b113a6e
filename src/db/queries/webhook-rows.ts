import type { Webhook, WebhookTarget } from '../../runtime-manager/runtime/index.ts';
import type { webhooks } from '../schema/index.ts';
import type { Sealing } from '../sealing.ts';

export type WebhookRow = typeof webhooks.$inferSelect;

/** What customers see of a webhook. */
export function toWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    organizationId: row.organizationId,
    workspaceId: row.workspaceId ?? undefined,
    url: row.url,
    events: row.events,
    description: row.description ?? undefined,
    status: row.status,
    disabledReason: row.disabledReason ?? undefined,
    failingSince: row.failingSince ?? undefined,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}

type Sealed = Pick<WebhookRow, 'id' | 'url' | 'secrets' | 'previousUntil'>;

export function toTarget(
  { id, url, secrets, previousUntil }: Sealed,
  sealing: Pick<Sealing, 'unseal'>,
): WebhookTarget {
  const { current, previous } = secrets;
  const isGood = previousUntil !== null && previousUntil.getTime() > Date.now();
  const sealed = previous !== undefined && isGood ? [current, previous] : [current];
  return { id, url, secrets: sealed.map((secret) => sealing.unseal(secret)) };
}
