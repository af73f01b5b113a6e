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
  summary: 'Send a test message to a webhook',
  description:
    'Immediately posts a signed message of the type `webhook.test`, even if the webhook is disabled, and returns the result. If the message is delivered, all pending deliveries are attempted immediately, too.',
  request: { params: WebhookPath },
  responses: {
    200: json(WebhookTestBody, 'The result of the attempt'),
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
    'Returns all pending deliveries, about the last 200 successful ones, and those that failed permanently within the last week.',
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
