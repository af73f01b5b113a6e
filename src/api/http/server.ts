import { once } from 'node:events';
import { Server, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { ReservedPorts } from '../../runtime-manager/index.ts';
import { createClientAddress } from './client-address.ts';
import { CONNECT_PATH } from './connection-urls.ts';
import { createApp, createHealthApp, type AppParts, type HealthAppParts } from './app.ts';
import { KeyCheck } from './key-check.ts';
import type { AuthParts } from '../middleware/auth.ts';
import { continueWhenRead } from '../middleware/unread-body.ts';
import { createUpgradeHandler } from './upgrade.ts';

const CLOSE_GRACE_MS = 5000;
/**
 * Longer than most proxies and clients keep idle connections (60 s): whichever side closes first
 * may cut off a request that is on its way, and only the client can repeat its request.
 */
const KEEP_ALIVE_MS = 75_000;

const HEADERS_MS = 60_000;

export interface ApiServer extends AsyncDisposable {
  /** The address that the server listens on, as a URL without a path. */
  url: string;
  /** Opens the service: until this is called, it answers only health checks. */
  admit: () => void;
  /** Readiness says no from now on, so that balancers send nobody any more; requests are carried out. */
  leave: () => void;
}

export interface ServerOptions {
  host: string;
  port: number;
  reservedPorts: ReservedPorts;
}

type Given<Parts> = Omit<Parts, 'door'> & ServerOptions;

/** Listens without admitting anybody yet. Throws one sentence if the address is not available. */
export async function openServer(
  given: Given<Omit<AppParts, keyof AuthParts>> & { trustedProxies: string[] },
): Promise<ApiServer> {
  const door = { isOpen: false, isLeaving: false };
  const parts = {
    ...given,
    door,
    keys: new KeyCheck(given.database.db),
    clientAddressOf: createClientAddress(given.trustedProxies),
  };
  const app = createApp(parts);
  const onUpgrade = createUpgradeHandler({ ...parts, fetch: app.fetch });
  return listen(app, { ...parts, onUpgrade });
}

/** As `openServer`, for a process that has no clients: it tells how it is. */
export async function openHealthServer(given: Given<HealthAppParts>): Promise<ApiServer> {
  const door = { isOpen: false, isLeaving: false };
  return listen(createHealthApp({ ...given, door }), { ...given, door, onUpgrade: undefined });
}

interface Listening extends ServerOptions {
  door: { isOpen: boolean; isLeaving: boolean };
  onUpgrade: ReturnType<typeof createUpgradeHandler> | undefined;
}

async function listen(
  app: Pick<ReturnType<typeof createApp>, 'fetch'>,
  { host, port, door, reservedPorts, onUpgrade }: Listening,
): Promise<ApiServer> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    // The app cleans up itself, while it can still say that the connection ends.
    autoCleanupIncoming: false,
    serverOptions: {
      // Other upgrades are offers, such as HTTP/2, which a server may ignore.
      shouldUpgradeCallback: (request) => onUpgrade !== undefined && isWebSocket(request),
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      // A large file takes as long as it takes: whoever reads a body gives up one that stalls.
      requestTimeout: 0,
    },
  });
  if (!(server instanceof Server)) throw new Error('the adaptor made no HTTP/1 server');
  const sockets = socketsOf(server);
  continueWhenRead(server);
  if (onUpgrade) server.on('upgrade', onUpgrade);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(explain(cause, host, port), { cause });
  }
  const held = reservedPorts.hold(portOf(server), onUpgrade && CONNECT_PATH);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${portOf(server)}`,
    admit: () => {
      door.isOpen = true;
    },
    leave: () => {
      door.isLeaving = true;
    },
    [Symbol.asyncDispose]: async () => {
      await close(server, sockets);
      held[Symbol.dispose]();
    },
  };
}

/** Gives requests under way time for their answers, then closes every socket. */
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

/** Collects all sockets of a server, including those that it handed over for an upgrade. */
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
