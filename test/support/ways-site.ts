import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';

export interface WaysSite {
  port: number;
  /** The paths that were asked for, of websockets too. */
  seen: string[];
  /** The ports that its connections came from. */
  clients: number[];
}

/**
 * A site that answers everything, lets every origin read it, redirects from `/to?<url>`, takes
 * websockets that stay open, and has a service worker that fetches what it is told. Until the test
 * is over.
 */
export async function openWaysSite(): Promise<WaysSite> {
  const seen: string[] = [];
  const clients: number[] = [];
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(`http://x${request.url}`);
    seen.push(pathname);
    response.setHeader('access-control-allow-origin', '*');
    if (pathname === '/to') {
      response.writeHead(302, { location: decodeURIComponent(search.slice(1)) }).end();
    } else if (pathname === '/sw.js') {
      response.setHeader('content-type', 'text/javascript');
      response.end(
        `onmessage = (e) => fetch(e.data, { mode: 'no-cors' }).then(() => 'reached', () => 'failed')
           .then((said) => e.source.postMessage(said));`,
      );
    } else {
      response.setHeader('content-type', 'text/html');
      response.end(`<title>ways</title>${'x'.repeat(1000)}`);
    }
  });
  server.on('connection', ({ remotePort = 0 }) => clients.push(remotePort));
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (_socket, request: IncomingMessage) => seen.push(request.url ?? ''));
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
  });
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, seen, clients };
}
