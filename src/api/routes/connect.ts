import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Entrance, RuntimeManager } from '../../runtime-manager/index.ts';
import { PROTOCOLS, RuntimeError, type Protocol } from '../../runtime-manager/runtime/index.ts';
import { CONNECT_PATH, connectionUrl } from '../http/connection-urls.ts';
import { requireApiKey, requireScopes, type AuthParts } from '../middleware/auth.ts';
import { limitBody } from '../middleware/limit-body.ts';
import type { PublicAddress } from '../http/public-address.ts';
import { createRouter, type ApiEnv } from '../http/router.ts';

const BODY_MAX_BYTES = 100 * 1024 * 1024;
/** Clients of WebDriver upload files by these paths: a zip of one, in base64. */
const UPLOAD = /\/session\/[\w-]+\/(?:se\/)?file$/;
/** One session itself, which a client quits. */
const SESSION = /\/session\/[\w-]+$/;
/** Of whatever protocol the address is: clients of WebDriver show errors of their own form alone. */
const WEBDRIVER = /\/(?:session|status)(?:\/|$)/;
/** `/v1/connect/<ticket>` */
const TICKET_SEGMENTS = 4;
/** `/v1/workspaces/<id>/runtimes/<alias>/<protocol>` */
const KEY_SEGMENTS = 7;
const UPLOAD_MAX_BYTES = 256 * 1024 * 1024;

export interface ConnectParts extends AuthParts {
  runtimes: RuntimeManager;
  addressOf: PublicAddress;
}

const requireConnect = requireScopes(['runtimes:connect']);
const limitOthers = limitBody(BODY_MAX_BYTES);
const limitUpload = limitBody(UPLOAD_MAX_BYTES);
const limit = createMiddleware<ApiEnv>((c, next) => {
  c.set('webdriver', WEBDRIVER.test(c.req.path));
  return UPLOAD.test(c.req.path) ? limitUpload(c, next) : limitOthers(c, next);
});

/**
 * What is spoken over plain HTTP at the address of a connection: WebDriver, and the documents by
 * which clients of CDP find websockets. With a ticket in the path, or under the runtime's own path
 * with an API key. Only the body of a client that may come in is read, and the runtime is in use
 * from then on; whether the client still may come in is asked again afterwards.
 */
export function connectRoutes(parts: ConnectParts) {
  const router = createRouter();
  serveByTicket(router, parts);
  for (const protocol of PROTOCOLS) serveByKey(router, protocol, parts);
  return router;
}

type Router = ReturnType<typeof createRouter>;

function serveByTicket(router: Router, { runtimes, addressOf }: ConnectParts): void {
  const enter = (c: Context<ApiEnv>) => {
    const parts = c.req.path.split('/');
    const below = pathBelow(parts, TICKET_SEGMENTS);
    return runtimes.access.enterByTicket(parts[TICKET_SEGMENTS - 1] ?? '', below);
  };
  // A client that quits when all is over has what it wants: chromedriver sees that alike.
  const quitWhenOver = createMiddleware<ApiEnv>(async (c, next) => {
    c.set('webdriver', WEBDRIVER.test(c.req.path));
    try {
      enter(c);
    } catch (error) {
      if (!isOver(error) || c.req.method !== 'DELETE' || !SESSION.test(c.req.path)) throw error;
      return c.json({ value: null });
    }
    return next();
  });
  const use = createMiddleware<ApiEnv>(async (c, next) => {
    using _request = enter(c).connection.request(c.req.raw.signal);
    await next();
  });
  router.all(`${CONNECT_PATH}/:ticket/*`, quitWhenOver, use, limit, async (c) => {
    const body = await readBody(c);
    return pass(c, enter(c), { addressOf, segments: TICKET_SEGMENTS, body });
  });
}

function serveByKey(
  router: Router,
  protocol: Protocol,
  { runtimes, addressOf, ...auth }: ConnectParts,
): void {
  const use = createMiddleware<ApiEnv>(async (c, next) => {
    const [id = '', alias = ''] = [c.req.param('id'), c.req.param('alias')];
    const runtime = await runtimes.getHere(c.var.actor, id, alias);
    c.set('runtime', runtime);
    const { connection } = runtimes.access.enter(runtime, protocol);
    using _request = connection.request(c.req.raw.signal);
    await next();
  });
  const path = `/v1/workspaces/:id/runtimes/:alias/${protocol}/*`;
  router.all(path, requireApiKey(auth), requireConnect, use, limit, async (c) => {
    const body = await readBody(c);
    const entrance = runtimes.access.enter(c.var.runtime, protocol);
    // Addresses that a session tells are for clients which send no headers.
    const base =
      protocol === 'webdriver'
        ? connectionUrl(addressOf(c), protocol, runtimes.access.ticketOf(entrance))
        : undefined;
    return pass(c, entrance, { addressOf, segments: KEY_SEGMENTS, body, base });
  });
}

function isOver(error: unknown): boolean {
  return (
    error instanceof RuntimeError &&
    (error.code === 'runtime.not_active' || error.code === 'connection.revoked')
  );
}

interface Passed {
  addressOf: PublicAddress;
  /** Where the address of the connection ends in the path; the rest is asked of it. */
  segments: number;
  body: Buffer;
  /** What is told to the client instead of the address that it came by. */
  base?: string | undefined;
}

async function pass(
  c: Context<ApiEnv>,
  { connection, endpoints, runtimeId }: Entrance,
  { addressOf, segments, body, base }: Passed,
): Promise<Response> {
  c.set('runtimeId', runtimeId);
  const { pathname, search } = new URL(c.req.url);
  c.set('webdriver', connection.protocol === 'webdriver' || WEBDRIVER.test(pathname));
  const parts = pathname.split('/');
  return endpoints.answer(connection, {
    method: c.req.method,
    base: base ?? addressOf(c) + parts.slice(0, segments).join('/'),
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
