import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { ReadTicket, RuntimeManager, UpgradeRequest } from '../../runtime-manager/index.ts';
import {
  assertScope,
  DRIVER_PROTOCOLS,
  RuntimeError,
} from '../../runtime-manager/runtime/index.ts';
import { ApiError, toErrorAnswer } from './errors.ts';
import { Handshake, refuse } from './handshake.ts';
import { LIVE_SOCKET, refuseViewer, tokenOf } from './live-socket.ts';
import type { AuthParts } from '../middleware/auth.ts';
import { assertOpen, type Door } from '../middleware/door.ts';
import { requestIdFrom } from '../middleware/request-context.ts';
import type { ApiBindings } from './api-env.ts';
import { traceUpgrade } from './traced-upgrade.ts';

/** Some clients repeat the path: they append the path they were told to an address that has it. */
const BY_TICKET = /^\/v1\/connect\/([^/?]+)(?:[^?]*\/v1\/connect\/\1)?(?![^/?])(.*)$/;
const BY_KEY = new RegExp(
  `^/v1/workspaces/([^/?]+)/runtimes/([^/?]+)/(${DRIVER_PROTOCOLS.join('|')})(?![^/?])(.*)$`,
);
/** An upgrade that creates a runtime passes the routes, as other creates do. */
const BY_CREATE = /^\/v1\/workspaces\/[^/?]+\/connect(?![^?])/;

export interface UpgradeParts extends AuthParts {
  runtimes: RuntimeManager;
  door: Door;
  log: Logger;
  /** Asks the routes. */
  fetch: (request: Request, bindings: ApiBindings) => Response | Promise<Response>;
}

/** Handles the server's `upgrade` events: joins authorized clients to a browser, refuses others. */
export function createUpgradeHandler(parts: UpgradeParts) {
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // A reset of a socket without an error listener would end the process.
    socket.on('error', () => socket.destroy());
    const given = request.headers['x-request-id'];
    const requestId = requestIdFrom(Array.isArray(given) ? given[0] : given);
    const join = async () => {
      assertOpen(parts.door);
      assertWebSocket(request);
      if (BY_CREATE.test(request.url ?? '')) {
        return askRoutes(
          new Handshake(request, socket, head),
          { request, socket, requestId },
          parts,
        );
      }
      const [, runtimeId] = LIVE_SOCKET.exec(request.url ?? '') ?? [];
      if (runtimeId !== undefined) {
        return view({ request, socket, head, requestId, runtimeId }, parts);
      }
      await traceUpgrade(request, routeOf(request), async (onOpen, span) => {
        const { ticket, path } = await findTicket(request, parts);
        span.tell({ 'bctrl.runtime.id': ticket.runtimeId });
        const headers = { 'x-request-id': requestId };
        const asked = { request, socket, head, path, headers, onOpen };
        await parts.runtimes.access.connect(ticket, asked);
      });
    };
    join().catch((error: unknown) => {
      const { status, headers, body } = toErrorAnswer(error, requestId, parts.log);
      const text = JSON.stringify(body);
      refuse(socket, { status, headers: { ...headers, 'x-request-id': body.requestId }, text });
    });
  };
}

/** https://www.rfc-editor.org/rfc/rfc6455#section-4.1 */
function assertWebSocket({ method, headers }: IncomingMessage): void {
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const isOne =
    method === 'GET' &&
    !hasBody &&
    headers['sec-websocket-key'] &&
    headers['sec-websocket-version'] === '13';
  if (!isOne) throw new ApiError('request.invalid', 'The request is not a websocket handshake.');
}

/** Joins a page with the runtime that it shows. Tells the page itself why it cannot be joined. */
async function view(
  { requestId, runtimeId, ...asked }: UpgradeRequest & { requestId: string; runtimeId: string },
  { runtimes, log }: Pick<UpgradeParts, 'runtimes' | 'log'>,
): Promise<void> {
  try {
    const ticket = runtimes.access.readView(tokenOf(asked.request), runtimeId);
    const headers = { 'x-request-id': requestId };
    await runtimes.access.connect(ticket, { ...asked, path: '', headers });
  } catch (error) {
    if (!(error instanceof RuntimeError))
      log.error({ err: error, requestId }, 'no view was opened');
    if (!asked.socket.destroyed) refuseViewer(asked, error);
  }
}

interface Asked {
  request: IncomingMessage;
  socket: Duplex;
  requestId: string;
}

/** Lets the routes answer; they join an authorized client to its browser themselves. */
async function askRoutes(
  handshake: Handshake,
  { request, socket, requestId }: Asked,
  { fetch }: UpgradeParts,
): Promise<void> {
  using _reading = handshake;
  const headers = new Headers({ 'x-request-id': requestId });
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string' && !headers.has(name)) headers.set(name, value);
  }
  // Any host will do: no answer here depends on it.
  const asked = new Request(`http://localhost${request.url}`, { headers });
  const answer = await fetch(asked, { incoming: request, handshake });
  if (handshake.isAnswered) return;
  const { status } = answer;
  refuse(socket, {
    status,
    headers: Object.fromEntries(answer.headers),
    text: await answer.text(),
  });
}

/** Of the address as spans show it. */
function routeOf({ url = '' }: IncomingMessage): string {
  const [, , , protocol] = BY_KEY.exec(url) ?? [];
  if (protocol !== undefined) return `/v1/workspaces/{id}/runtimes/{alias}/${protocol}`;
  return '/v1/connect/{ticket}';
}

/** Reads the ticket in the address, or issues one to a client with an API key. */
async function findTicket(
  request: IncomingMessage,
  { keys, clientAddressOf, runtimes }: Pick<UpgradeParts, keyof AuthParts | 'runtimes'>,
): Promise<{ ticket: ReadTicket; path: string }> {
  const { url = '', headers } = request;
  const [, text, below = ''] = BY_TICKET.exec(url) ?? [];
  if (text !== undefined) return { ticket: runtimes.access.read(text), path: below };
  const [, workspace = '', ref = '', name, rest = ''] = BY_KEY.exec(url) ?? [];
  const protocol = DRIVER_PROTOCOLS.find((one) => one === name);
  if (!protocol) throw new ApiError('route.not_found', 'This URL does not accept websockets.');
  const actor = await keys.actorOf({
    authorization: headers.authorization,
    address: clientAddressOf(request),
  });
  assertScope(actor, 'runtimes:connect');
  const runtime = await runtimes.getActive(actor, decode(workspace), decode(ref));
  return { ticket: runtimes.access.own(runtime, protocol).ticket, path: rest };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError('route.not_found', 'This URL does not accept websockets.');
  }
}
