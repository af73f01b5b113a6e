import { once } from 'node:events';
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { canonicalHost } from './addresses.ts';
import { Dialer, type DialOptions } from './dial.ts';
import { EgressRefusal, failureCode, isAbort, isTimeout } from './egress-errors.ts';
import type { Destination } from './egress-policy.ts';
import { Failures } from './failures.ts';
import type { OwnPorts } from './own-ports.ts';
import { enterOwnService } from './own-entrance.ts';
import { MAX_HEADER_BYTES, PlainHttp } from './plain-http.ts';
import type { Route } from './route.ts';
import { splice } from './splice.ts';
import { OutboundConnections, type Usage } from './outbound-connections.ts';

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n';
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[^:@/?#\s]+):(\d{1,5})$/;

export interface ForwarderOptions extends DialOptions {
  ownPorts: OwnPorts;
}

type FailureListener = ConstructorParameters<typeof Failures>[0];

/**
 * The HTTP proxy on loopback that is one browser's only way out. What it cannot forward it answers
 * with an error, so nothing ever goes another way. Without a route it refuses everything.
 */
export class Forwarder implements AsyncDisposable {
  readonly port: number;
  readonly #options: ForwarderOptions;
  readonly #server: Server;
  readonly #held: Disposable;
  readonly #clients = new Map<Duplex, PlainHttp | undefined>();
  readonly #outbound = new OutboundConnections();
  readonly #failures: Failures;
  #way: { dialer: Dialer; closed: AbortController } | undefined;
  #listener: FailureListener | undefined;

  private constructor(server: Server, port: number, options: ForwarderOptions) {
    this.port = port;
    this.#options = options;
    this.#server = server;
    this.#held = options.ownPorts.hold(port);
    this.#failures = new Failures((event) => this.#listener?.(event));
    server.on('connection', (socket: Socket) => {
      this.#clients.set(socket, undefined);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        this.#clients.get(socket)?.[Symbol.dispose]();
        this.#clients.delete(socket);
      });
    });
    server.on('request', (request, response) => void this.#forward(request, response));
    server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#tunnel(request, socket, head);
    });
  }

  static async open(options: ForwarderOptions): Promise<Forwarder> {
    // A browser's idle connections are its own to close, and its requests take as long as they take.
    const server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: true,
      keepAliveTimeout: 0,
      headersTimeout: 0,
      requestTimeout: 0,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it has no port');
    return new Forwarder(server, address.port, options);
  }

  /** So far. */
  get usage(): Usage {
    return this.#outbound.usage;
  }

  /** Who is told of connections that are refused or fail. */
  set onFailure(listener: FailureListener) {
    this.#listener = listener;
  }

  /** From now on traffic goes this way; connections that went another way are closed. */
  setRoute(route: Route): void {
    this.#close();
    this.#way = { dialer: new Dialer(this.#options, route), closed: new AbortController() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#close();
    this.#failures[Symbol.dispose]();
    await closed;
    this.#held[Symbol.dispose]();
  }

  #close(): void {
    this.#way?.closed.abort();
    this.#way = undefined;
    this.#outbound.closeAll();
    for (const client of this.#clients.keys()) client.destroy();
  }

  /** What is tunnelled: `https:`, and websockets of either kind. */
  async #tunnel({ url = '' }: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const [, host = '', port] = AUTHORITY.exec(url) ?? [];
    const destination = destinationOf(host, Number(port));
    if (!destination) return void client.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    try {
      const target = await this.#connect(destination);
      if (client.destroyed) return void target.destroy();
      client.write(ESTABLISHED);
      if (head.length > 0) target.write(head);
      splice(client, target);
    } catch (error) {
      const entrance = this.#options.ownPorts.entranceOf(destination.port);
      if (error instanceof EgressRefusal && error.code === 'own_port' && entrance !== undefined) {
        client.write(ESTABLISHED);
        if (head.length > 0) client.unshift(head);
        enterOwnService(client, destination.port, entrance);
        return;
      }
      const { status, text } = this.#explain(destination, error);
      client.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain\r\n` +
          `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
      );
    }
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '');
    const destination =
      url?.protocol === 'http:' && destinationOf(url.hostname, Number(url.port || 80));
    if (!destination) return void response.writeHead(400).end();
    try {
      await this.#plainHttpOf(request.socket).forward(request, response, destination);
    } catch (error) {
      const { status, text } = this.#explain(destination, error);
      if (response.headersSent || response.destroyed) return void response.destroy();
      response.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
      response.end(text);
    }
  }

  #plainHttpOf(client: Socket): PlainHttp {
    const known = this.#clients.get(client);
    if (known) return known;
    const { dialer } = this.#open();
    const connect = (destination: Destination) => this.#connect(destination, 'plain');
    const made = new PlainHttp({ dialer, connect });
    this.#clients.set(client, made);
    return made;
  }

  /** `plain`: for requests that an HTTP proxy takes as they are. */
  async #connect(destination: Destination, kind?: 'plain'): Promise<Socket> {
    const { dialer, closed } = this.#open();
    const { signal } = closed;
    const isProxied = kind === 'plain' && dialer.proxy?.type === 'http';
    const socket = await (isProxied ? dialer.dialProxy(signal) : dialer.dial(destination, signal));
    this.#outbound.follow(socket);
    if (signal.aborted) socket.destroy();
    return socket;
  }

  #open() {
    if (!this.#way) throw new EgressRefusal('closed');
    return this.#way;
  }

  #explain(destination: Destination, error: unknown): { status: number; text: string } {
    // Without a route there is nobody to be told, and what was called off did not fail.
    if (this.#way && !isAbort(error)) this.#failures.add(destination, error);
    const where = `${destination.host}:${destination.port}`;
    if (error instanceof EgressRefusal) {
      return {
        status: 403,
        text: `bctrl does not let this browser reach ${where}. ${error.message}\n`,
      };
    }
    const status = isTimeout(error) ? 504 : 502;
    return { status, text: `bctrl could not reach ${where} (${failureCode(error)}).\n` };
  }
}

function destinationOf(host: string, port: number): Destination | undefined {
  const name = canonicalHost(host);
  return name !== undefined && port >= 1 && port <= 65_535 ? { host: name, port } : undefined;
}
