import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import type { Db } from '../../db/client.ts';
import { PROTOCOLS, type Entrance, type RuntimeManager } from '../../runtime-manager/index.ts';
import { CONNECT_PATH } from '../connection-urls.ts';
import { ApiError } from '../errors.ts';
import { requireApiKey } from '../middleware/auth.ts';
import type { PublicAddress } from '../public-address.ts';
import { createRouter, type ApiEnv } from '../router.ts';

/** WebDriver uploads files in its bodies. */
const BODY_MAX_BYTES = 100 * 1024 * 1024;

export interface ConnectParts {
  db: Db;
  runtimes: RuntimeManager;
  addressOf: PublicAddress;
}

/**
 * What is spoken over plain HTTP at the address of a connection: WebDriver, and the documents by
 * which clients of CDP find websockets. With a ticket in the path, or under the runtime's own path
 * with an API key.
 */
export function connectRoutes({ db, runtimes, addressOf }: ConnectParts) {
  const router = createRouter();
  const limit = bodyLimit({
    maxSize: BODY_MAX_BYTES,
    onError: () => {
      throw new ApiError('request.too_large', `A body has at most ${BODY_MAX_BYTES} bytes.`);
    },
  });

  // A body is only read of who may come in; and whether that still holds is asked after.
  const withTicket = createMiddleware<ApiEnv>(async (c, next) => {
    runtimes.entrances.enterByTicket(c.req.param('ticket') ?? '');
    await next();
  });
  router.all(`${CONNECT_PATH}/:ticket/*`, withTicket, limit, async (c) => {
    const body = await readBody(c);
    return pass(c, runtimes.entrances.enterByTicket(c.req.param('ticket')), addressOf, 4, body);
  });
  for (const protocol of PROTOCOLS) {
    const path = `/v1/workspaces/:id/runtimes/:alias/${protocol}/*`;
    router.all(path, requireApiKey(db), limit, async (c) => {
      const [id = '', alias = ''] = [c.req.param('id'), c.req.param('alias')];
      const body = await readBody(c);
      const entrance = runtimes.entrances.enter(
        await runtimes.getHere(c.var.actor, id, alias),
        protocol,
      );
      return pass(c, entrance, addressOf, 7, body);
    });
  }
  return router;
}

/** The address of the connection ends after so many segments of the path; the rest is asked of it. */
async function pass(
  c: Context<ApiEnv>,
  { connection, endpoints, runtimeId }: Entrance,
  addressOf: PublicAddress,
  segments: number,
  body: Buffer,
): Promise<Response> {
  c.set('runtimeId', runtimeId);
  c.set('webdriver', connection.protocol === 'webdriver');
  const { pathname, search } = new URL(c.req.url);
  const parts = pathname.split('/');
  return endpoints.answer(connection, {
    method: c.req.method,
    base: addressOf(c) + parts.slice(0, segments).join('/'),
    path: pathBelow(parts, segments) + search,
    body,
  });
}

async function readBody(c: Context): Promise<Buffer> {
  return Buffer.from(await c.req.arrayBuffer());
}

function pathBelow(parts: string[], segments: number): string {
  const below = parts.slice(segments);
  return below.length === 0 ? '' : `/${below.join('/')}`;
}
