import { once } from 'node:events';
import {
  createServer as createHttpServer,
  STATUS_CODES,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { canonicalHost } from './addresses.ts';
import { Dialer, type DialOptions } from './dial.ts';
import { EgressRefusal, failureCode, isAbort, isTimeout } from './egress-errors.ts';
import type { Destination } from './egress-policy.ts';
import { Failures } from './failures.ts';
import { OutboundConnections, type Usage } from './outbound-connections.ts';
import { enterOwnService } from './own-entrance.ts';
import type { OwnPorts } from './own-ports.ts';
import { MAX_HEADER_BYTES, PlainHttp } from './plain-http.ts';
import { Relay } from './relay.ts';
import type { Route } from './route.ts';
import { acceptSocks5 } from './socks-front.ts';
import { splice } from './splice.ts';
import { WaitingClient } from './waiting-client.ts';

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n';
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[^:@/?#\s]+):(\d{1,5})$/;

export interface ForwarderOptions extends DialOptions {
  ownPorts: OwnPorts;
}

type FailureListener = ConstructorParameters<typeof Failures>[0];

/** A browser's connection to us, as it asks for a destination. */
interface Client {
  /** Aborts when it is closed. */
  gone: AbortController;
  /** Where all its requests go; undefined: each says it. */
  destination?: Destination;
  requests?: PlainHttp;
}

/**
 * The proxy on loopback that is one browser's only way out: SOCKS5 for `http:`, so that what it asks
 * passes as it is, and HTTP for all that is tunnelled. What it cannot forward it answers with an
 * error, so nothing ever goes another way. Without a route it refuses everything.
 */
export class Forwarder implements AsyncDisposable {
  /** Of the HTTP proxy. */
  readonly port: number;
  /** For Chromium's `--proxy-server`. */
  readonly proxyServer: string;
  readonly #options: ForwarderOptions;
  readonly #http: Server;
  readonly #socks: Server;
  readonly #held = new DisposableStack();
  readonly #clients = new Map<Duplex, Client>();
  readonly #outbound = new OutboundConnections();
  readonly #failures = new Failures((event) => this.#listener?.(event));
  #way: { dialer: Dialer; closed: AbortController } | undefined;
  #listener: FailureListener | undefined;

  private constructor(http: Server, socks: Server, options: ForwarderOptions) {
    this.#options = options;
    this.#http = http;
    this.#socks = socks;
    this.port = portOf(http);
    this.proxyServer = `http=socks5://127.0.0.1:${portOf(socks)};https=http://127.0.0.1:${this.port}`;
    for (const server of [http, socks]) {
      this.#held.use(options.ownPorts.hold(portOf(server)));
      server.on('connection', (client: Socket) => this.#follow(client));
    }
    http.on('request', (request, response) => void this.#forward(request, response));
    http.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
      void this.#tunnel(request, client, head);
    });
    socks.on('connection', (client: Socket) => void this.#acceptPlain(client));
  }

  static async open(options: ForwarderOptions): Promise<Forwarder> {
    // A browser's idle connections are its own to close, and its requests take as long as they take.
    const http = createHttpServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: true,
      keepAliveTimeout: 0,
      headersTimeout: 0,
      requestTimeout: 0,
      noDelay: true,
    });
    const socks = createServer({ allowHalfOpen: true, noDelay: true });
    for (const server of [http, socks]) server.listen(0, '127.0.0.1');
    await Promise.all([once(http, 'listening'), once(socks, 'listening')]);
    return new Forwarder(http, socks, options);
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
    this.closeRoute();
    this.#way = { dialer: new Dialer(this.#options, route), closed: new AbortController() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [this.#http, this.#socks].map((server) => once(server, 'close'));
    this.#http.close();
    this.#socks.close();
    this.closeRoute();
    this.#failures[Symbol.dispose]();
    await Promise.all(closed);
    this.#held[Symbol.dispose]();
  }

  /** Closes all connections, and refuses everything until there is a route. */
  closeRoute(): void {
    this.#way?.closed.abort();
    this.#way = undefined;
    this.#outbound.closeAll();
    for (const client of this.#clients.keys()) client.destroy();
  }

  #follow(socket: Socket): void {
    // One that came in for SOCKS5 may be handed on.
    if (this.#clients.has(socket)) return;
    const client: Client = { gone: new AbortController() };
    this.#clients.set(socket, client);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      client.gone.abort();
      client.requests?.[Symbol.dispose]();
      this.#clients.delete(socket);
    });
  }

  /** What is tunnelled: `https:`, and websockets of either kind. */
  async #tunnel({ url = '' }: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const [, host = '', port] = AUTHORITY.exec(url) ?? [];
    const destination = destinationOf(host, Number(port));
    if (!destination) return void client.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n');
    if (head.length > 0) client.unshift(head);
    try {
      await this.#join(client, destination, () => client.write(ESTABLISHED));
    } catch (error) {
      const entrance = this.#options.ownPorts.entranceOf(destination.port);
      if (error instanceof EgressRefusal && error.code === 'own_port' && entrance !== undefined) {
        client.write(ESTABLISHED);
        enterOwnService(client, destination, entrance);
      } else {
        client.resume().end(asResponse(this.#explain(destination, error)));
      }
    }
  }

  /** A connection for `http:` requests, of which the destination is known before. */
  async #acceptPlain(socket: Socket): Promise<void> {
    const client = this.#clients.get(socket);
    let destination: Destination | undefined;
    try {
      const { dialer, closed } = this.#open();
      destination = await acceptSocks5(socket, closed.signal);
      if (client && dialer.proxy?.type === 'http') {
        client.destination = destination;
        this.#http.emit('connection', socket);
      } else {
        await this.#join(socket, destination);
      }
    } catch (error) {
      if (!destination || socket.readableEnded) return void socket.destroy();
      const answer = asResponse(this.#explain(destination, error));
      // It is answered when it asks; it may go without.
      socket.once('data', () => socket.end(answer));
      socket.once('end', () => socket.end());
      socket.resume();
    }
  }

  /** Throws what the way to the destination fails with; what came meanwhile is to be read again. */
  async #join(client: Duplex, destination: Destination, established?: () => void): Promise<void> {
    const { dialer } = this.#open();
    const relay = dialer.proxy ? undefined : new Relay();
    const waiting = new WaitingClient(client);
    try {
      const dial = (signal: AbortSignal) => dialer.dial(destination, signal, relay?.onread);
      const target = await this.#connect(dial, waiting.gone);
      established?.();
      target.write(waiting.stop());
      if (relay) relay.join(target, client);
      else splice(client, target);
    } catch (error) {
      const ahead = waiting.stop();
      if (!client.readableEnded) client.unshift(ahead);
      throw error;
    }
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const client = this.#clients.get(request.socket);
    const url = urlOf(request);
    const named = url?.protocol === 'http:' && destinationOf(url.hostname, Number(url.port || 80));
    const destination = client?.destination ?? named;
    if (!client || !url || !destination) return void response.writeHead(400).end();
    try {
      client.requests ??= this.#openRequests(client);
      await client.requests.forward(request, response, destination, url.pathname + url.search);
    } catch (error) {
      // Who gave it up need not be told, and nothing failed.
      if (response.destroyed) return;
      const { status, text } = this.#explain(destination, error);
      if (response.headersSent) return void response.destroy();
      const headers = { 'content-type': 'text/plain', 'cache-control': 'no-store' };
      response.writeHead(status, STATUS_CODES[status], headers).end(text);
    }
  }

  #openRequests({ gone }: Client): PlainHttp {
    const { dialer } = this.#open();
    return new PlainHttp(dialer, (destination) => {
      const dial = (signal: AbortSignal) =>
        dialer.proxy?.type === 'http' ? dialer.dialProxy(signal) : dialer.dial(destination, signal);
      return this.#connect(dial, gone.signal);
    });
  }

  /** What is dialled for who is gone is given up. */
  async #connect(
    dial: (signal: AbortSignal) => Promise<Socket>,
    gone: AbortSignal,
  ): Promise<Socket> {
    const { signal: closed } = this.#open().closed;
    const calledOff = new AbortController();
    const callOff = () => calledOff.abort();
    for (const signal of [closed, gone]) {
      signal.addEventListener('abort', callOff);
      if (signal.aborted) callOff();
    }
    try {
      const socket = await dial(calledOff.signal);
      this.#outbound.follow(socket);
      if (calledOff.signal.aborted || (await this.#isOwn(socket))) {
        socket.destroy();
        calledOff.signal.throwIfAborted();
        throw new EgressRefusal('own_port');
      }
      return socket;
    } finally {
      for (const signal of [closed, gone]) signal.removeEventListener('abort', callOff);
    }
  }

  /** Also by an address of this machine that no interface told of. */
  async #isOwn({ localAddress, remoteAddress, remotePort = 0 }: Socket): Promise<boolean> {
    return localAddress === remoteAddress && this.#options.ownPorts.has('127.0.0.1', remotePort);
  }

  #open() {
    if (!this.#way) throw new EgressRefusal('closed');
    return this.#way;
  }

  #explain(destination: Destination, error: unknown): Explanation {
    // Without a route there is nobody to be told, and what was called off did not fail.
    if (this.#way && !isAbort(error)) this.#failures.add(destination, error);
    const where = `${destination.host}:${destination.port}`;
    if (error instanceof EgressRefusal) {
      const text = `bctrl does not let this browser reach ${where}. ${error.message}\n`;
      return { status: 403, text };
    }
    const status = isTimeout(error) ? 504 : 502;
    return { status, text: `bctrl could not reach ${where} (${failureCode(error)}).\n` };
  }
}

interface Explanation {
  status: number;
  text: string;
}

function asResponse({ status, text }: Explanation): string {
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain\r\n` +
    'cache-control: no-store\r\nconnection: close\r\n' +
    `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  );
}

/** Of a request for a destination that is known, or of one that names it. */
function urlOf({ url = '' }: IncomingMessage): URL | null {
  return URL.parse(url.startsWith('/') ? `http://unknown${url}` : url);
}

function destinationOf(host: string, port: number): Destination | undefined {
  const name = canonicalHost(host);
  return name !== undefined && port >= 1 && port <= 65_535 ? { host: name, port } : undefined;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  return address.port;
}
