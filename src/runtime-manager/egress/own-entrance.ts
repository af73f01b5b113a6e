import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Entrance } from './reserved-ports.ts';
import { splice } from './splice.ts';

/**
 * Lets a browser enter the service: Stagehand's extension speaks to its own browser by the address
 * that clients have, which may be one of the service itself. Only websockets below `path` pass,
 * where a ticket is asked for; everything else is refused.
 */
export function enterOwnService(client: Duplex, { host, port, path }: Entrance): void {
  const gate = createServer((_request, response) => response.writeHead(403).end());
  gate.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { url = '', method, headers, rawHeaders } = request;
    // The service would answer any other upgrade as a plain request, and others could follow that.
    const isWebSocket = method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
    if (!isWebSocket || !url.startsWith(path))
      return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const service = connect({ host, port, allowHalfOpen: true, noDelay: true });
    service.on('error', () => socket.destroy());
    const lines = [`GET ${url} HTTP/1.1`];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
    }
    service.write(`${lines.join('\r\n')}\r\n\r\n`);
    if (head.length > 0) service.write(head);
    splice(socket, service);
  });
  gate.emit('connection', client);
  client.resume();
}
