import { createRoute } from '@hono/zod-openapi';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import type { Runtime } from '../../runtime-manager/runtime/index.ts';
import { createRouter } from '../http/api-env.ts';
import { liveEmbedUrl } from '../http/connection-urls.ts';
import {
  errors,
  IdempotencyKeyHeader,
  json,
  POST_ERRORS,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import type { PublicAddress } from '../http/public-address.ts';
import { EmbedLiveRequest, LiveEmbed } from '../schemas/live-embed.ts';
import { RuntimePath } from '../schemas/runtime.ts';

const embed = createRoute({
  tags: ['Live view'],
  ...requires('runtimes:connect'),
  operationId: 'runtimes-embed-live',
  method: 'post',
  path: '/v1/workspaces/{id}/runtimes/{alias}/embed/live',
  summary: 'Get the URL of a page that shows the browser and lets a person control it',
  description:
    'Returns the URL of a page. Anyone who has the URL can watch until it expires or is revoked, and several people can watch at the same time. With `interactive`, a viewer who clicks or types takes control from programs, whose input waits meanwhile. Control returns to programs when the viewer presses a button, leaves, or does nothing for a minute.',
  parameters: [IdempotencyKeyHeader],
  request: {
    params: RuntimePath,
    body: { required: false, content: { 'application/json': { schema: EmbedLiveRequest } } },
  },
  responses: {
    200: json(LiveEmbed, 'The URL, with its credential'),
    ...errors(...POST_ERRORS, ...RUNTIME_NOT_FOUND, 'runtime.not_active', 'runtime.unreachable'),
  },
});

export interface LiveEmbedParts {
  runtimes: RuntimeManager;
  addressOf: PublicAddress;
}

export function liveEmbedRoutes({ runtimes, addressOf }: LiveEmbedParts) {
  return createRouter().openapi(embed, async (c) => {
    const { id, alias } = c.req.valid('param');
    // Without a body, it is not validated.
    const { interactive, ttlSeconds, ...view } = EmbedLiveRequest.parse(c.req.valid('json'));
    const runtime = await runtimes.getActive(c.var.actor, id, alias);
    const {
      connection,
      ticket: token,
      expiresAt,
    } = await runtimes.access.create(runtime, {
      protocol: 'live',
      access: interactive ? 'control' : 'observe',
      view,
      ttlMs: Math.min(ttlSeconds * 1000, lifeLeftMs(runtime)),
    });
    const iframeUrl = liveEmbedUrl(addressOf(c), runtime.id, token);
    const made = { token, connectionId: connection.id, iframeUrl };
    return c.json({ ...made, expiresAt: expiresAt.toISOString() }, 200);
  });
}

/** For how long the runtime still runs at most. */
function lifeLeftMs({ startedAt, maxDurationSeconds }: Runtime): number {
  const startedMs = startedAt?.getTime() ?? Date.now();
  const leftMs = startedMs + maxDurationSeconds * 1000 - Date.now();
  return Math.max(0, leftMs);
}
