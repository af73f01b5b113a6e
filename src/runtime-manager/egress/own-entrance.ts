import { createServer, request as ask, STATUS_CODES, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Entrance } from './reserved-ports.ts';
import { splice } from './splice.ts';

/**
 * Lets a browser enter the service: Stagehand's extension speaks to its own browser by the address
 * that clients have, which may be one of the service itself. Only websockets below `path` pass,
 * where a ticket is asked for; everything else is refused.
 */
export function enterOwnService(client: Duplex, entrance: Entrance): void {
  const gate = createServer((_request, response) => response.writeHead(403).end());
  gate.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = pathOf(request, entrance);
    if (path === undefined) return refuse(socket, 403);
    const { host, port } = entrance;
    const asked = ask({
      path,
      headers: request.rawHeaders,
      createConnection: () => connect({ host, port, allowHalfOpen: true, noDelay: true }),
    });
    const leave = () => asked.destroy();
    socket.once('close', leave);
    asked.on('error', () => socket.destroy());
    // Whatever stands in front of the service may take other requests after one that it refused.
    asked.once('response', ({ statusCode = 502 }) => {
      asked.destroy();
      refuse(socket, statusCode);
    });
    asked.once('upgrade', ({ rawHeaders }, service, first) => {
      socket.off('close', leave);
      socket.write(answer(101, rawHeaders));
      if (first.length > 0) socket.write(first);
      if (head.length > 0) service.write(head);
      splice(socket, service);
    });
    asked.end();
  });
  gate.emit('connection', client);
  client.resume();
}

/** Where a request for a websocket may enter, as it was checked; undefined for every other one. */
function pathOf({ method, url = '', headers }: IncomingMessage, { path }: Entrance) {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return undefined;
  const asked = URL.parse(url, 'http://service');
  return asked?.pathname.startsWith(`${path}/`) ? asked.pathname + asked.search : undefined;
}

function refuse(socket: Duplex, status: number): void {
  socket.end(answer(status, ['connection', 'close', 'content-length', '0']));
}

function answer(status: number, rawHeaders: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (let i = 0; i < rawHeaders.length; i += 2)
    lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
