import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Db } from '../db/client.ts';
import { PROTOCOLS, type Entrance, type RuntimeManager } from '../runtime-manager/index.ts';
import { ApiError, toErrorAnswer, type ErrorAnswer } from './errors.ts';
import { actorOf } from './middleware/auth.ts';
import { requestIdFrom } from './middleware/request-context.ts';

const BY_TICKET = /^\/v1\/connect\/([^/?]+)(.*)$/;
const BY_KEY = new RegExp(
  `^/v1/workspaces/([^/?]+)/runtimes/([^/?]+)/(${PROTOCOLS.join('|')})(?![^/?])(.*)$`,
);

export interface UpgradeParts {
  db: Db;
  runtimes: RuntimeManager;
  log: Logger;
}

/** Handles the server's `upgrade` events: who may is joined to a browser, others are refused. */
export function createUpgradeHandler({ db, runtimes, log }: UpgradeParts) {
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // A socket nobody listens to would end the process on a reset.
    socket.on('error', () => socket.destroy());
    const given = request.headers['x-request-id'];
    const requestId = requestIdFrom(Array.isArray(given) ? given[0] : given);
    const join = async () => {
      assertWebSocket(request);
      const { entrance, path } = await enter(request, db, runtimes);
      await entrance.endpoints.connect(entrance.connection, { request, socket, head, path });
    };
    join().catch((error: unknown) => refuse(socket, toErrorAnswer(error, requestId, log)));
  };
}

/** https://www.rfc-editor.org/rfc/rfc6455#section-4.1 */
function assertWebSocket({ headers }: IncomingMessage): void {
  const isOne = headers['sec-websocket-key'] && headers['sec-websocket-version'] === '13';
  if (!isOne) throw new ApiError('request.invalid', 'The request is no websocket handshake.');
}

async function enter(
  { url = '', headers }: IncomingMessage,
  db: Db,
  runtimes: RuntimeManager,
): Promise<{ entrance: Entrance; path: string }> {
  const [, ticket, below = ''] = BY_TICKET.exec(url) ?? [];
  if (ticket !== undefined)
    return { entrance: runtimes.entrances.enterByTicket(ticket), path: below };
  const [, workspace = '', ref = '', name, rest = ''] = BY_KEY.exec(url) ?? [];
  const protocol = PROTOCOLS.find((one) => one === name);
  if (!protocol) throw new ApiError('route.not_found', 'No websocket is served here.');
  const actor = await actorOf(db, headers.authorization);
  const runtime = await runtimes.getHere(actor, decode(workspace), decode(ref));
  const entrance = runtimes.entrances.enter(runtime, protocol);
  return { entrance, path: rest };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError('route.not_found', 'No websocket is served here.');
  }
}

/** Answers and hangs up: the client gets no say in how long this takes. */
function refuse(socket: Duplex, { status, headers, body }: ErrorAnswer): void {
  const text = JSON.stringify(body);
  const all = {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-request-id': body.requestId,
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}
