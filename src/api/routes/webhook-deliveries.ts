import { createRoute } from '@hono/zod-openapi';
import type { Webhooks } from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import { errors, json, requires } from '../http/openapi.ts';
import {
  DeliveriesQuery,
  DeliveryList,
  toDeliveryBody,
  toTestBody,
  WebhookPath,
  WebhookTestBody,
} from '../schemas/webhook.ts';
import { WEBHOOKS_PATH } from './webhooks.ts';

const common = { tags: ['Webhooks'] };
const PATH = `${WEBHOOKS_PATH}/{webhookId}`;

const test = createRoute({
  ...common,
  ...requires('webhooks:write'),
  operationId: 'webhooks-test',
  method: 'post',
  path: `${PATH}/test`,
  summary: 'Send a test message',
  description:
    'Posts a signed message of the type `webhook.test` at once, also to a webhook that is disabled, and tells how it went. When it is delivered, all that waits is tried at once, too.',
  request: { params: WebhookPath },
  responses: {
    200: json(WebhookTestBody, 'What became of the message'),
    ...errors('webhook.not_found'),
  },
});

const list = createRoute({
  ...common,
  ...requires('webhooks:read'),
  operationId: 'webhooks-list-deliveries',
  method: 'get',
  path: `${PATH}/deliveries`,
  summary: 'List the deliveries of a webhook, newest event first',
  description:
    'All that waits, about the last 200 that were delivered, and what was given up within a week.',
  request: { params: WebhookPath, query: DeliveriesQuery },
  responses: {
    200: json(DeliveryList, 'A page of deliveries'),
    ...errors('webhook.not_found'),
  },
});

export function webhookDeliveryRoutes({ webhooks }: { webhooks: Webhooks }) {
  return createRouter()
    .openapi(test, async (c) => {
      const { webhookId } = c.req.valid('param');
      const attempt = await webhooks.test(c.var.actor, webhookId, c.req.raw.signal);
      return c.json(toTestBody(attempt), 200);
    })
    .openapi(list, async (c) => {
      const { webhookId } = c.req.valid('param');
      const { status, cursor: before, limit } = c.req.valid('query');
      const filter = { status, before, limit: limit + 1 };
      const found = await webhooks.listDeliveries(c.var.actor, webhookId, filter);
      const deliveries = found.slice(0, limit);
      const nextCursor = found.length > limit ? deliveries.at(-1)?.eventId : undefined;
      return c.json(
        { deliveries: deliveries.map((one) => toDeliveryBody(webhookId, one)), nextCursor },
        200,
      );
    });
}
