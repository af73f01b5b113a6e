/**
 * The process that speaks WebDriver BiDi for one browser. It is told a CDP address, and answers with
 * the port of the websockets that it serves below `/session/`. It ends with the service or the
 * browser, whichever goes first.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { BidiSession, openCdp, SOCKET_OPTIONS } from './bidi-session.ts';
import { onTask } from '../../playwright/helper-task.ts';
import { confineSockets } from '../../playwright/network.ts';

const Start = z.object({ cdpUrl: z.url() });
const SESSION = /^\/session\/[\w-]+$/;

async function serve({ cdpUrl }: z.infer<typeof Start>): Promise<number> {
  confineSockets(new Set([Number(new URL(cdpUrl).port)]));
  const browser = await openCdp(cdpUrl);
  const sockets = new WebSocketServer({ noServer: true, ...SOCKET_OPTIONS });
  const server = createServer((_, response) => response.writeHead(404).end());
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (!isService(request)) return void socket.destroy();
    // Only a session that works gets a websocket, so that no message comes too early.
    openSession(cdpUrl, request, socket).then(
      (session) => sockets.handleUpgrade(request, socket, head, (client) => session.join(client)),
      () => socket.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // The connections of sessions end with the browser too.
  browser.once('close', () => server.close(() => process.exit(0)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}

/** Pages of some browser can reach this port too, but send an origin, or a name as their host. */
function isService({ headers, socket, url = '' }: IncomingMessage): boolean {
  const [path = ''] = url.split('?', 1);
  // The service leaves out the port.
  const hosts = ['127.0.0.1', `127.0.0.1:${socket.localPort}`];
  const isHere = hosts.includes(headers.host ?? '');
  return headers.origin === undefined && isHere && SESSION.test(path);
}

/** The service puts the session's capabilities into the query. */
async function openSession(
  cdpUrl: string,
  { url = '' }: IncomingMessage,
  socket: Duplex,
): Promise<BidiSession> {
  const capabilities = new URL(url, 'http://bidi').searchParams.get('capabilities') ?? '{}';
  return BidiSession.open(cdpUrl, JSON.parse(capabilities), socket);
}

// The translation does not handle all its promises, and a failure concerns one session only.
process.on('unhandledRejection', () => undefined);
onTask(async (task) => ({ port: await serve(Start.parse(task)) }));
