import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DebuggingEndpoint } from '../browser/chromium.ts';
import { cdpPathOf, discover } from './cdp-discovery.ts';
import { inspectCdp } from './cdp-inspection.ts';
import type { OwnPorts } from '../egress/own-ports.ts';
import type { Role, RuntimeFiles } from './cdp-policy.ts';
import { WebSocketBridge, type BridgeOptions } from './websocket-bridge.ts';

export interface GateParts extends Pick<BridgeOptions, 'act'> {
  files: RuntimeFiles;
  ownPorts: OwnPorts;
}

/**
 * The browser's debugging port as our own helpers (chromedriver, Playwright's server) see it: on
 * loopback, and with the same inspection that clients of CDP go through.
 */
export class CdpGate implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;

  readonly #held: Disposable;

  private constructor(server: Server, port: number, ownPorts: OwnPorts) {
    this.#server = server;
    this.port = port;
    this.#held = ownPorts.hold(port);
  }

  static async open(
    endpoint: DebuggingEndpoint,
    role: Role,
    { files, ownPorts, act }: GateParts,
  ): Promise<CdpGate> {
    const server = createServer((request, response) => {
      if (isHelper(request)) void serve(endpoint, request, response);
      else response.writeHead(403).end();
    });
    const inspect = inspectCdp(role, files);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      if (!isHelper(request)) return void socket.destroy();
      try {
        const target = { port: endpoint.port, path: cdpPathOf(request.url ?? '', endpoint) };
        new WebSocketBridge(request, socket, head, target, {
          inspect,
          act,
          onActivity: () => undefined,
        });
      } catch {
        socket.destroy();
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the gate has no port');
    return new CdpGate(server, address.port, ownPorts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    this.#held[Symbol.dispose]();
  }
}

/** A page in some browser can reach this port too: it tells its origin, or a name for its host. */
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
