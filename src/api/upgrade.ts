import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { bridgeToBrowser, type RuntimeManager } from '../runtime-manager/index.ts';
import { ApiError, toErrorAnswer, type ErrorAnswer } from './errors.ts';
import { requestIdFrom } from './middleware/request-context.ts';

const CONNECT = /^\/v1\/connect\/([^/?]+)(?:\?.*)?$/;

export interface UpgradeParts {
  runtimes: RuntimeManager;
  log: Logger;
}

/** Handles the server's `upgrade` events: a valid ticket is joined to its browser, others refused. */
export function createUpgradeHandler({ runtimes, log }: UpgradeParts) {
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // A socket nobody listens to would end the process on a reset.
    socket.on('error', () => socket.destroy());
    const given = request.headers['x-request-id'];
    const requestId = requestIdFrom(Array.isArray(given) ? given[0] : given);
    try {
      const { runtimeId, endpoint } = runtimes.redeemTicket(ticketOf(request));
      void connect(log.child({ requestId, runtimeId }), () =>
        bridgeToBrowser(request, socket, head, endpoint),
      );
    } catch (error) {
      refuse(socket, toErrorAnswer(error, requestId, log));
    }
  };
}

function ticketOf(request: IncomingMessage): string {
  const [, ticket] = CONNECT.exec(request.url ?? '') ?? [];
  if (ticket === undefined) throw new ApiError('route.not_found', 'No websocket is served here.');
  return ticket;
}

async function connect(log: Logger, bridge: () => Promise<void>): Promise<void> {
  log.info('client connected');
  await bridge();
  log.info('client disconnected');
}

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
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
}
