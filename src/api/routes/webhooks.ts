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
    'The service posts events that happen from now on to the `url`, signed as [Standard Webhooks](https://www.standardwebhooks.com) says: at least once, and in order within a runtime. Only this answer contains the secret. A key that is limited to workspaces has to name the `workspaceId`.',
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
  description: 'A key that is limited to workspaces gets the webhooks of these alone.',
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
  description: 'How it fares, too: since when its receiver fails, and why it was disabled.',
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
    'What waits already goes to the new `url`. A webhook is for one workspace or all for as long as it exists.',
  request: { params: WebhookPath, ...jsonBody(UpdateWebhookRequest) },
  responses: {
    200: json(WebhookBody, 'The webhook as it is now'),
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
  description: 'What waits to be delivered goes with it.',
  request: { params: WebhookPath },
  responses: { 200: json(WebhookBody, 'The webhook as it was'), ...errors('webhook.not_found') },
});

const rotate = createRoute({
  ...common,
  ...requires('webhooks:write'),
  operationId: 'webhooks-rotate-secret',
  method: 'post',
  path: `${PATH}/rotate-secret`,
  summary: 'Give a webhook a new secret',
  description:
    'For 24 hours messages are signed with the secret before, too, so a receiver can change over in between. Only this answer contains the new secret.',
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
