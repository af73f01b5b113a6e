import { randomBytes, randomUUID } from 'node:crypto';
import { Webhook as Signer } from 'standardwebhooks';
import type { WebhookEvent, WebhookTarget } from './webhook.ts';

const SECRET_PREFIX = 'whsec_';
/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme */
const SECRET_BYTES = 32;
export const TEST_TYPE = 'webhook.test';

/** What a receiver gets, before it is signed. */
export interface Message {
  /** The same for every try, so that a receiver recognizes what it has. */
  id: string;
  body: string;
}

export function generateWebhookSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** The id of the message that tells a webhook of an event. */
export function messageId(webhookId: string, eventId: string): string {
  return `msg_${webhookId.replaceAll('-', '')}_${eventId}`;
}

/** The message that tells a webhook of an event: the same text for the same event. */
export function messageOf(webhookId: string, event: WebhookEvent): Message {
  const { id, type, createdAt, workspaceId, runtimeId, alias, data } = event;
  const body = JSON.stringify({
    id,
    type,
    timestamp: createdAt.toISOString(),
    workspaceId,
    runtimeId,
    alias,
    contextId: event.contextId ?? null,
    pageId: event.pageId ?? null,
    data,
  });
  return { id: messageId(webhookId, id), body };
}

export function testMessage(webhookId: string): Message {
  const body = { type: TEST_TYPE, timestamp: new Date().toISOString(), data: { webhookId } };
  return { id: messageId(webhookId, `test_${randomUUID()}`), body: JSON.stringify(body) };
}

/** The headers of a try. https://www.standardwebhooks.com */
export function headersOf(
  { secrets }: Pick<WebhookTarget, 'secrets'>,
  { id, body }: Message,
): Record<string, string> {
  const now = new Date();
  const signatures = secrets.map((secret) => new Signer(secret).sign(id, now, body));
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': signatures.join(' '),
  };
}
