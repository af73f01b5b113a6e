import { once } from 'node:events';
import { Server, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { ReservedPorts } from '../../runtime-manager/index.ts';
import { createClientAddress } from './client-address.ts';
import { CONNECT_PATH } from './connection-urls.ts';
import { createApp, type AppParts } from './app.ts';
import { KeyCheck } from './key-check.ts';
import type { AuthParts } from '../middleware/auth.ts';
import { continueWhenRead } from '../middleware/unread-body.ts';
import { createUpgradeHandler } from './upgrade.ts';

const CLOSE_GRACE_MS = 5000;
/**
 * Longer than proxies and clients keep idle connections (60 s mostly): whoever closes first may
 * close under a request that is on its way, and a client can send its own again.
 */
const KEEP_ALIVE_MS = 75_000;

export interface ApiServer extends AsyncDisposable {
  /** The address it listens on, as a URL without a path. */
  url: string;
  /** Until this is called nothing but health is answered. */
  admit: () => void;
}

export interface ServerOptions {
  host: string;
  port: number;
  reservedPorts: ReservedPorts;
  trustedProxies: string[];
}

/** Listens, without admitting anybody yet, and throws one sentence when the address cannot be had. */
export async function openServer(
  given: Omit<AppParts, keyof AuthParts | 'door'> & ServerOptions,
): Promise<ApiServer> {
  const door = { isOpen: false };
  const parts = {
    ...given,
    door,
    keys: new KeyCheck(given.database.db),
    clientAddressOf: createClientAddress(given.trustedProxies),
  };
  const app = createApp(parts);
  const server = createAdaptorServer({
    fetch: app.fetch,
    // The app does it, before it is too late to say that the connection ends.
    autoCleanupIncoming: false,
    serverOptions: {
      // Others are offers, such as of HTTP/2, that need not be taken up.
      shouldUpgradeCallback: isWebSocket,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
  });
  if (!(server instanceof Server)) throw new Error('the adaptor made no HTTP/1 server');
  const sockets = socketsOf(server);
  const { host, port } = parts;
  continueWhenRead(server);
  server.on('upgrade', createUpgradeHandler({ ...parts, fetch: app.fetch }));
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(explain(cause, host, port), { cause });
  }
  const held = parts.reservedPorts.hold(portOf(server), CONNECT_PATH);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${portOf(server)}`,
    admit: () => {
      door.isOpen = true;
    },
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
