import { createRoute, z } from '@hono/zod-openapi';
import type { Webhooks } from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import {
  BODY_ERRORS,
  errors,
  IdempotencyKeyHeader,
  json,
  jsonBody,
  POST_ERRORS,
  requires,
} from '../http/openapi.ts';
import { paging } from '../schemas/paging.ts';
import {
  CreateWebhookRequest,
  toWebhookBody,
  UpdateWebhookRequest,
  WebhookBody,
  WebhookList,
  WebhookPath,
  WebhookWithSecret,
} from '../schemas/webhook.ts';

const common = { tags: ['Webhooks'] };
export const WEBHOOKS_PATH = '/v1/webhooks';
const PATH = `${WEBHOOKS_PATH}/{webhookId}`;

/** A secret is shown once, and kept by nobody on the way. */
const secretAnswer = (description: string) => ({
  ...json(WebhookWithSecret, description),
  headers: { 'Cache-Control': { schema: { type: 'string' as const, const: 'no-store' } } },
});

const create = createRoute({
  ...common,
  ...requires('webhooks:write'),
  operationId: 'webhooks-create',
  method: 'post',
  path: WEBHOOKS_PATH,
  summary: 'Create a webhook',
  description:
    'The service posts events that happen from now on to the `url`, signed as specified by [Standard Webhooks](https://www.standardwebhooks.com). Each event is delivered at least once, and the events of a runtime are delivered in order. Only this response contains the secret. A key that is limited to workspaces must give a `workspaceId`.',
  parameters: [IdempotencyKeyHeader],
  request: jsonBody(CreateWebhookRequest),
  responses: {
    200: secretAnswer('The webhook with its secret'),
    ...errors(...POST_ERRORS, 'webhook.url_not_allowed', 'webhook.too_many', 'workspace.not_found'),
  },
});

const list = createRoute({
  ...common,
  ...requires('webhooks:read'),
  operationId: 'webhooks-list',
  method: 'get',
  path: WEBHOOKS_PATH,
  summary: 'List webhooks, newest first',
  description:
    'Returns up to `limit` webhooks. A key that is limited to workspaces gets only the webhooks of those workspaces.',
  request: { query: z.strictObject(paging) },
  responses: { 200: json(WebhookList, 'A page of webhooks'), ...errors() },
});

const get = createRoute({
  ...common,
  ...requires('webhooks:read'),
  operationId: 'webhooks-get',
  method: 'get',
  path: PATH,
  summary: 'Get a webhook',
  description:
    'Returns the webhook, including since when its receiver has been failing, and why it was disabled.',
  request: { params: WebhookPath },
  responses: { 200: json(WebhookBody, 'The webhook'), ...errors('webhook.not_found') },
});

const update = createRoute({
  ...common,
  ...requires('webhooks:write'),
  operationId: 'webhooks-update',
  method: 'patch',
  path: PATH,
  summary: 'Change, disable or enable a webhook',
  description:
    'Changes the given fields and returns the webhook. Pending deliveries go to the new `url`. The workspace of a webhook cannot be changed.',
  request: { params: WebhookPath, ...jsonBody(UpdateWebhookRequest) },
  responses: {
    200: json(WebhookBody, 'The updated webhook'),
    ...errors(...BODY_ERRORS, 'webhook.not_found', 'webhook.url_not_allowed'),
  },
});

const remove = createRoute({
  ...common,
  ...requires('webhooks:write'),
  operationId: 'webhooks-delete',
  method: 'delete',
  path: PATH,
  summary: 'Delete a webhook',
  description: 'Deletes the webhook and its pending deliveries, and returns the webhook.',
  request: { params: WebhookPath },
  responses: { 200: json(WebhookBody, 'The deleted webhook'), ...errors('webhook.not_found') },
});

const rotate = createRoute({
  ...common,
  ...requires('webhooks:write'),
  operationId: 'webhooks-rotate-secret',
  method: 'post',
  path: `${PATH}/rotate-secret`,
  summary: 'Rotate the secret of a webhook',
  description:
    'Creates and returns a new secret. Only this response contains it. For 24 hours, messages are signed with the previous secret, too, so that the receiver can change over.',
  parameters: [IdempotencyKeyHeader],
  request: { params: WebhookPath },
  responses: {
    200: secretAnswer('The webhook with its new secret'),
    ...errors(...POST_ERRORS, 'webhook.not_found'),
  },
});

/** Webhooks; `webhookDeliveryRoutes` has what they deliver. */
export function webhookRoutes({ webhooks }: { webhooks: Webhooks }) {
  return createRouter()
    .openapi(create, async (c) => {
      const { webhook, secret } = await webhooks.create(c.var.actor, {
        workspaceId: undefined,
        description: undefined,
        ...c.req.valid('json'),
      });
      c.set('targetId', webhook.id);
      c.header('cache-control', 'no-store');
      return c.json({ ...toWebhookBody(webhook), secret }, 200);
    })
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const { items, nextCursor } = await webhooks.list(c.var.actor, { cursor, limit });
      return c.json({ webhooks: items.map(toWebhookBody), nextCursor }, 200);
    })
    .openapi(get, async (c) => {
      const { webhookId } = c.req.valid('param');
      return c.json(toWebhookBody(await webhooks.get(c.var.actor, webhookId)), 200);
    })
    .openapi(update, async (c) => {
      const { webhookId } = c.req.valid('param');
      const updated = await webhooks.update(c.var.actor, webhookId, c.req.valid('json'));
      return c.json(toWebhookBody(updated), 200);
    })
    .openapi(remove, async (c) => {
      const { webhookId } = c.req.valid('param');
      return c.json(toWebhookBody(await webhooks.delete(c.var.actor, webhookId)), 200);
    })
    .openapi(rotate, async (c) => {
      const { webhookId } = c.req.valid('param');
      const { webhook, secret } = await webhooks.rotateSecret(c.var.actor, webhookId);
      c.header('cache-control', 'no-store');
      return c.json({ ...toWebhookBody(webhook), secret }, 200);
    });
}
