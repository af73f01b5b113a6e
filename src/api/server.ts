import { once } from 'node:events';
import { Server, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { OwnPorts } from '../runtime-manager/index.ts';
import { CONNECT_PATH } from './connection-urls.ts';
import { createApp, type AppParts } from './app.ts';
import { createUpgradeHandler } from './upgrade.ts';

const CLOSE_GRACE_MS = 5000;

export interface ApiServer extends AsyncDisposable {
  /** The address it listens on, as a URL without a path. */
  url: string;
}

/** Listens, and throws one sentence when the address cannot be had. */
export async function openServer(
  parts: AppParts & { host: string; port: number; ownPorts: OwnPorts },
): Promise<ApiServer> {
  const server = createAdaptorServer({
    fetch: createApp(parts).fetch,
    // Others are offers, such as of HTTP/2, that need not be taken up.
    serverOptions: { shouldUpgradeCallback: isWebSocket },
  });
  if (!(server instanceof Server)) throw new Error('the adaptor made no HTTP/1 server');
  const sockets = socketsOf(server);
  const { database, runtimes, log, host, port } = parts;
  server.on('upgrade', createUpgradeHandler({ db: database.db, runtimes, log }));
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(explain(cause, host, port), { cause });
  }
  const held = parts.ownPorts.hold(portOf(server), CONNECT_PATH);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${portOf(server)}`,
    [Symbol.asyncDispose]: async () => {
      await close(server, sockets);
      held[Symbol.dispose]();
    },
  };
}

/** Requests under way have a while to be answered; then every socket is closed. */
async function close(server: Server, sockets: Set<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, CLOSE_GRACE_MS);
  await closed;
  clearTimeout(timer);
}

/** All sockets of a server, also those it has handed over to an upgrade. */
function socketsOf(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

function explain(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') return `PORT ${port} is taken on ${host}: set PORT to a free one.`;
  if (code === 'EACCES') return `PORT ${port} needs privileges this user does not have.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `HOST ${host} is no address of this machine.`;
  }
  return `Cannot listen on ${host}:${port}: ${String(cause)}`;
}
