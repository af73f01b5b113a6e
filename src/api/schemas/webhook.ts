import { z } from '@hono/zod-openapi';
import { messageId, type Attempt } from '../../runtime-manager/index.ts';
import {
  DELIVERY_STATUSES,
  DISABLED_REASONS,
  eventPatternProblem,
  WEBHOOK_STATUSES,
  type Delivery,
  type Webhook,
} from '../../runtime-manager/runtime/index.ts';
import { EventId } from './event.ts';
import { EXAMPLE_ID } from './example-id.ts';
import { nextCursor } from './paging.ts';

const URL_MAX = 2048;
const EVENTS_MAX = 50;
const DESCRIPTION_MAX = 500;
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 500;

/** What is in a URL is shown to whoever sees the webhook, so a password has no place in it. */
const WebhookUrl = z
  .string()
  .max(URL_MAX)
  .superRefine((text, context) => {
    const problem = urlProblem(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  })
  .openapi({
    description:
      'Where the service posts events: an `https://` URL, or an `http://` URL for receivers in your own network. URLs that browsers may not connect to are rejected.',
    example: 'https://example.com/hooks/bctrl',
  });

function urlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return 'Must be an http:// or https:// URL';
  if (url.username !== '' || url.password !== '') {
    return 'Must not contain a user or password: check the signature instead';
  }
  return url.hash === '' ? undefined : 'Must not have a fragment, which is never sent';
}

const EventPattern = z.string().superRefine((pattern, context) => {
  const problem = eventPatternProblem(pattern);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const events = z
  .array(EventPattern)
  .min(1)
  .max(EVENTS_MAX)
  .openapi({
    description:
      'The events to send: event types, `prefix.*` for all types with that prefix, or `*` for all. Events of pages and their consoles occur only while a client waits for them at their runtime.',
    example: ['runtime.*', 'download.finished'],
  });

const description = z.string().trim().min(1).max(DESCRIPTION_MAX).openapi({ example: 'billing' });

export const WebhookPath = z.object({
  webhookId: z.string().openapi({ description: "The webhook's id.", example: EXAMPLE_ID }),
});

export const CreateWebhookRequest = z
  .strictObject({
    url: WebhookUrl,
    events,
    workspaceId: z.string().optional().openapi({
      description:
        'The id or name of the workspace whose events are sent. If omitted, the events of all workspaces of the organization are sent.',
      example: 'default',
    }),
    description: description.optional(),
  })
  .openapi('CreateWebhookRequest', {
    example: { url: 'https://example.com/hooks/bctrl', events: ['runtime.*', 'download.finished'] },
  });

export const UpdateWebhookRequest = z
  .strictObject({
    url: WebhookUrl.optional(),
    events: events.optional(),
    description: description.nullable().optional(),
    status: z.enum(WEBHOOK_STATUSES).optional().openapi({
      description:
        'A webhook that is `enabled` again receives events that happen from then on, but none that happened while it was disabled.',
    }),
  })
  .openapi('UpdateWebhookRequest', { example: { events: ['runtime.*'], status: 'enabled' } });

export const WebhookBody = z
  .object({
    id: z.uuid(),
    url: z.string().openapi({ example: 'https://example.com/hooks/bctrl' }),
    events: z.array(z.string()).openapi({ example: ['runtime.*', 'download.finished'] }),
    workspaceId: z.uuid().nullable().openapi({
      description: 'The workspace whose events are sent; null for all workspaces.',
      example: null,
    }),
    description: z.string().nullable().openapi({ example: 'billing' }),
    status: z.enum(WEBHOOK_STATUSES),
    disabledReason: z.enum(DISABLED_REASONS).nullable().openapi({
      description:
        '`requested`: a PATCH request disabled it. `gone`: the receiver returned 410. `failing`: no delivery succeeded for a week.',
      example: null,
    }),
    failingSince: z.iso.datetime().nullable().openapi({
      description:
        'When the first attempt failed since the last one that succeeded; null if the last one succeeded.',
      example: null,
    }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Webhook');

export const WebhookWithSecret = WebhookBody.extend({
  secret: z.string().openapi({
    description: 'The secret that messages are signed with. Only this response contains it.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  }),
}).openapi('WebhookWithSecret');

export const WebhookList = z
  .object({ webhooks: z.array(WebhookBody), nextCursor })
  .openapi('WebhookList');

export const WebhookTestBody = z
  .object({
    delivered: z.boolean(),
    responseStatus: z.int().nullable().openapi({
      description: 'The HTTP status that the receiver returned; null if it did not respond.',
      example: 204,
    }),
    error: z.string().nullable().openapi({
      description: 'Why the message was not delivered, in one word.',
      example: null,
    }),
    durationMs: z.int().openapi({ example: 84 }),
  })
  .openapi('WebhookTest');

export const DeliveriesQuery = z.strictObject({
  status: z.enum(DELIVERY_STATUSES).optional(),
  cursor: EventId.optional().openapi({ description: 'The `nextCursor` of the previous page.' }),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
});

export const DeliveryBody = z
  .object({
    messageId: z.string().openapi({
      description: 'The header `webhook-id` of each attempt.',
      example: 'msg_0f8fad5bd9cb469fa16570867728950e_1207',
    }),
    eventId: EventId,
    eventType: z.string().openapi({ example: 'runtime.stopped' }),
    runtimeId: z.uuid(),
    status: z.enum(DELIVERY_STATUSES).openapi({
      description:
        '`pending` deliveries will be attempted; `failed` ones will not be attempted again.',
    }),
    attempts: z.int().openapi({ example: 1 }),
    responseStatus: z.int().nullable().openapi({ example: 204 }),
    error: z.string().nullable().openapi({
      description: 'Why the last attempt failed, in one word.',
      example: null,
    }),
    durationMs: z.int().nullable().openapi({ example: 84 }),
    firstAttemptAt: z.iso.datetime().nullable(),
    lastAttemptAt: z.iso.datetime().nullable(),
    nextAttemptAt: z.iso.datetime().nullable().openapi({
      description: 'Also null while the delivery waits for an earlier event of the same runtime.',
    }),
    createdAt: z.iso.datetime().openapi({ description: 'When the event happened.' }),
  })
  .openapi('WebhookDelivery');

export const DeliveryList = z
  .object({ deliveries: z.array(DeliveryBody), nextCursor })
  .openapi('WebhookDeliveryList');

export function toWebhookBody(webhook: Webhook): z.infer<typeof WebhookBody> {
  return {
    id: webhook.id,
    url: webhook.url,
    events: [...webhook.events],
    workspaceId: webhook.workspaceId ?? null,
    description: webhook.description ?? null,
    status: webhook.status,
    disabledReason: webhook.disabledReason ?? null,
    failingSince: webhook.failingSince?.toISOString() ?? null,
    createdAt: webhook.createdAt.toISOString(),
    updatedAt: webhook.updatedAt.toISOString(),
  };
}

export function toTestBody(attempt: Attempt): z.infer<typeof WebhookTestBody> {
  return {
    delivered: attempt.isDelivered,
    responseStatus: attempt.responseStatus ?? null,
    error: attempt.error ?? null,
    durationMs: attempt.durationMs,
  };
}

export function toDeliveryBody(
  webhookId: string,
  delivery: Delivery,
): z.infer<typeof DeliveryBody> {
  return {
    messageId: messageId(webhookId, delivery.eventId),
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    runtimeId: delivery.runtimeId,
    status: delivery.status,
    attempts: delivery.attempts,
    responseStatus: delivery.responseStatus ?? null,
    error: delivery.error ?? null,
    durationMs: delivery.durationMs ?? null,
    firstAttemptAt: delivery.firstAttemptAt?.toISOString() ?? null,
    lastAttemptAt: delivery.lastAttemptAt?.toISOString() ?? null,
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    createdAt: delivery.createdAt.toISOString(),
  };
}
