import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DebuggingEndpoint } from '../../browser/chromium.ts';
import { cdpPathOf, discover } from './cdp-discovery.ts';
import { inspectCdp } from './cdp-inspection.ts';
import type { Role, RuntimeFiles } from './cdp-policy.ts';
import type { UpgradeRequest } from '../requests.ts';
import { WebSocketBridge, type BridgeOptions } from '../websocket/websocket-bridge.ts';

export interface GateParts extends Pick<BridgeOptions, 'act'> {
  files: RuntimeFiles;
}

/**
 * The browser's debugging server as our own helpers see it, with the same inspection that clients of
 * CDP go through. The gate listens nowhere itself: whoever runs the helper hands the helper's
 * connections to the gate.
 */
export class CdpGate implements Disposable {
  readonly #server: Server;
  readonly #clients = new Set<Duplex>();

  constructor(endpoint: DebuggingEndpoint, role: Role, { files, act }: GateParts) {
    const server = createServer((request, response) => {
      if (isHelper(request)) void serve(endpoint, request, response);
      else response.writeHead(403).end();
    });
    const inspect = inspectCdp(role, files);
    const join = async (asked: UpgradeRequest) => {
      const { request, socket } = asked;
      if (!isHelper(request)) return void socket.destroy();
      const path = cdpPathOf(request.url ?? '', endpoint);
      const target = { upstream: await endpoint.dial(), path };
      const bridge = { inspect, act, onActivity: () => undefined };
      await new WebSocketBridge(asked, target, bridge).ended;
    };
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      join({ request, socket, head }).catch(() => socket.destroy());
    });
    this.#server = server;
  }

  /** Takes a connection of a helper. */
  readonly accept = (socket: Socket): void => {
    this.#clients.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#clients.delete(socket));
    this.#server.emit('connection', socket);
  };

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.destroy();
  }
}

/** Pages of some browser can reach this port too, but send an origin, or a name as their host. */
function isHelper({ headers, socket }: IncomingMessage): boolean {
  // chromedriver leaves out the port.
  const hosts = ['127.0.0.1', `127.0.0.1:${socket.localPort}`];
  return headers.origin === undefined && hosts.includes(headers.host ?? '');
}

async function serve(
  endpoint: DebuggingEndpoint,
  { method = 'GET', url = '/', headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const base = `http://${headers.host ?? ''}`;
    const found = await discover(endpoint, { method, path: url, base, access: 'control' });
    response.writeHead(found.status, Object.fromEntries(found.headers));
    response.end(Buffer.from(await found.arrayBuffer()));
  } catch {
    response.writeHead(502).end();
  }
}
