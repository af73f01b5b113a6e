import type { Context } from 'hono';
import type { ReadTicket, RuntimeManager } from '../../runtime-manager/index.ts';
import {
  DRIVER_PROTOCOLS,
  RuntimeError,
  type DriverProtocol,
} from '../../runtime-manager/runtime/index.ts';
import { CONNECT_PATH, connectionUrl } from '../http/connection-urls.ts';
import { requireApiKey, requireScopes, type AuthParts } from '../middleware/auth.ts';
import { limitedBody } from '../middleware/limit-body.ts';
import type { PublicAddress } from '../http/public-address.ts';
import { createRouter, type ApiEnv } from '../http/api-env.ts';

const BODY_MAX_BYTES = 100 * 1024 * 1024;
/** WebDriver clients upload files to these paths, each as a zip of one file in base64. */
const UPLOAD = /\/session\/[\w-]+\/(?:se\/)?file$/;
/** The path of a session itself, which a client deletes to quit. */
const SESSION = /\/session\/[\w-]+$/;
/** WebDriver paths at any address: WebDriver clients show only errors in WebDriver's own form. */
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

/**
 * Serves plain HTTP at the address of a connection: WebDriver, and the documents in which CDP
 * clients find websockets. A client has a ticket in the path, or an API key for the runtime's own
 * path. Only the body of an admitted client is read. The runtime is in use from then on, and once
 * the body is read the service checks again whether it may admit the client.
 */
export function connectRoutes(parts: ConnectParts) {
  const router = createRouter();
  serveByTicket(router, parts);
  for (const protocol of DRIVER_PROTOCOLS) serveByKey(router, protocol, parts);
  return router;
}

type Router = ReturnType<typeof createRouter>;

function serveByTicket(router: Router, { runtimes, addressOf }: ConnectParts): void {
  router.all(`${CONNECT_PATH}/:ticket/*`, async (c) => {
    c.set('webdriver', WEBDRIVER.test(c.req.path));
    const ticket = runtimes.access.read(c.req.param('ticket'));
    if (ticket.protocol === 'mcp') throw onlyAtItsPath();
    const base = addressBelow(c, addressOf, TICKET_SEGMENTS);
    try {
      return await pass(c, runtimes, { ticket, base, segments: TICKET_SEGMENTS });
    } catch (error) {
      // A client that quits a session that is over has what it wants; chromedriver answers alike.
      if (!isOver(error) || c.req.method !== 'DELETE' || !SESSION.test(c.req.path)) throw error;
      return c.json({ value: null });
    }
  });
}

function serveByKey(
  router: Router,
  protocol: DriverProtocol,
  { runtimes, addressOf, ...auth }: ConnectParts,
): void {
  const path = `/v1/workspaces/:id/runtimes/:alias/${protocol}/*`;
  router.all(path, requireApiKey(auth), requireConnect, async (c) => {
    const [id = '', alias = ''] = [c.req.param('id'), c.req.param('alias')];
    const runtime = await runtimes.getActive(c.var.actor, id, alias);
    const { ticket, text } = runtimes.access.own(runtime, protocol);
    // A session tells its clients addresses that they use without headers, so these need a ticket.
    const base =
      protocol === 'webdriver'
        ? connectionUrl(addressOf(c), protocol, text)
        : addressBelow(c, addressOf, KEY_SEGMENTS);
    return pass(c, runtimes, { ticket, base, segments: KEY_SEGMENTS });
  });
}

function onlyAtItsPath(): RuntimeError {
  return new RuntimeError(
    'connection.unsupported',
    'This ticket is for MCP: give clients the whole mcpUrl, which ends in /mcp.',
  );
}

function isOver(error: unknown): boolean {
  return (
    error instanceof RuntimeError &&
    (error.code === 'runtime.not_active' || error.code === 'connection.revoked')
  );
}

interface Passed {
  ticket: ReadTicket;
  /** The address of the connection, as the client is told. */
  base: string;
  /** How many segments of the path are the address of the connection; the rest is what is asked. */
  segments: number;
}

async function pass(
  c: Context<ApiEnv>,
  { access }: RuntimeManager,
  { ticket, base, segments }: Passed,
): Promise<Response> {
  c.set('runtimeId', ticket.runtimeId);
  const { pathname, search } = new URL(c.req.url);
  c.set('webdriver', ticket.protocol === 'webdriver' || WEBDRIVER.test(pathname));
  return access.answer(ticket, {
    method: c.req.method,
    base,
    path: pathBelow(pathname.split('/'), segments) + search,
    body: limitedBody(c.env.incoming, UPLOAD.test(pathname) ? UPLOAD_MAX_BYTES : BODY_MAX_BYTES),
    gone: c.req.raw.signal,
    requestId: c.var.requestId,
  });
}

function addressBelow(c: Context<ApiEnv>, addressOf: PublicAddress, segments: number): string {
  return addressOf(c) + new URL(c.req.url).pathname.split('/').slice(0, segments).join('/');
}

function pathBelow(parts: string[], segments: number): string {
  const below = parts.slice(segments);
  return below.length === 0 ? '' : `/${below.join('/')}`;
}
