import {
  createServer as createHttpServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { canonicalHost } from './addresses.ts';
import { deadEndOf } from './dead-end.ts';
import { Dialer, type DialOptions } from './dial.ts';
import { EgressRefusal, failureCode, isAbort } from './egress-errors.ts';
import type { Destination } from './destination.ts';
import { Failures } from './failures.ts';
import { reset, SocksFront, TunnelFront, type Front } from './fronts.ts';
import { OutboundConnections } from './outbound-connections.ts';
import type { Usage } from '../runtime/usage.ts';
import { enterOwnService } from './own-entrance.ts';
import type { ReservedPorts } from './reserved-ports.ts';
import { MAX_HEADER_BYTES, PlainHttp } from './plain-http.ts';
import { Relay } from './relay.ts';
import type { Route } from './route.ts';
import { acceptSocks5 } from './socks-front.ts';
import { splice } from './splice.ts';
import { WaitingClient } from './waiting-client.ts';

/** Chromium takes a proxy that has not answered after 30 s for one that does not work. */
const PATIENCE_MS = 20_000;
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[^:@/?#\s]+):(\d{1,5})$/;

export interface ForwarderOptions extends DialOptions {
  reservedPorts: ReservedPorts;
}

type FailureListener = ConstructorParameters<typeof Failures>[0];

/** A connection to us, which asks for a destination. */
interface Client {
  /** Whether it is a helper's: a helper has no second way, which it could be let fall to. */
  isHelper: boolean;
  /** Aborts when the connection is closed. */
  gone: AbortController;
  /**
   * Whether its destination is being dialled: then the client is told when the way is closed, since a
   * browser without an answer thinks that no name resolves.
   */
  isDialling?: boolean;
  /** Where all its requests go; undefined: each request names its destination. */
  destination?: Destination;
  requests?: PlainHttp;
}

/**
 * The proxy that is one browser's only way out: SOCKS5 for `http:`, so that requests pass as they
 * are, and HTTP for all that is tunnelled. The forwarder listens nowhere itself: whoever runs the
 * browser hands over the browser's connections. It answers what it may not forward with a page that
 * says so.
 * What it cannot forward fails, in the words of a browser without a proxy where possible
 * (dead-end.ts), and nothing ever goes another way. Without a route it refuses everything.
 */
export class Forwarder implements Disposable {
  readonly #options: ForwarderOptions;
  readonly #http: Server;
  readonly #clients = new Map<Duplex, Client>();
  readonly #outbound = new OutboundConnections();
  readonly #kept = new Set<number>();
  readonly #failures = new Failures((event) => this.#listener?.(event));
  #way: { dialer: Dialer; closed: AbortController } | undefined;
  #listener: FailureListener | undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    // The browser itself closes its idle connections, and its requests may take any time.
    this.#http = createHttpServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      insecureHTTPParser: true,
      keepAliveTimeout: 0,
      headersTimeout: 0,
      requestTimeout: 0,
    });
    this.#http.on('request', (request, response) => void this.#forward(request, response));
    this.#http.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
      void this.#tunnel(request, client, head);
    });
  }

  /** Takes a connection of a client that speaks to an HTTP proxy. */
  readonly acceptHttp = (socket: Socket): void => {
    this.#follow(socket, false);
    this.#http.emit('connection', socket);
  };

  /** Takes a connection of a program beside the browser, which speaks to an HTTP proxy. */
  readonly acceptHelper = (socket: Socket): void => {
    this.#follow(socket, true);
    this.#http.emit('connection', socket);
  };

  /** Takes a connection of a client that speaks SOCKS5. */
  readonly acceptSocks = (socket: Socket): void => {
    this.#follow(socket, false);
    void this.#acceptPlain(socket);
  };

  /**
   * Keeps pages from a port of the browser's loopback at which something listens: a connection to
   * such a port is never let fall, not even into the dead end.
   */
  keepFrom(port: number): void {
    this.#kept.add(port);
  }

  /** The usage so far. */
  get usage(): Usage {
    return this.#outbound.usage;
  }

  /** Called for connections that are refused or fail. */
  set onFailure(listener: FailureListener) {
    this.#listener = listener;
  }

  /** From now on traffic goes this way; connections that went another way are closed. */
  setRoute(route: Route): void {
    this.closeRoute();
    this.#way = { dialer: new Dialer(this.#options, route), closed: new AbortController() };
  }

  [Symbol.dispose](): void {
    this.closeRoute();
    for (const client of this.#clients.keys()) client.destroy();
    this.#failures[Symbol.dispose]();
    this.#http.close();
  }

  /** Closes all connections, and refuses everything until there is a route. */
  closeRoute(): void {
    this.#way?.closed.abort();
    this.#way = undefined;
    this.#outbound.closeAll();
    for (const [socket, { isDialling }] of this.#clients) if (!isDialling) socket.destroy();
  }

  #follow(socket: Socket, isHelper: boolean): void {
    const client: Client = { isHelper, gone: new AbortController() };
    this.#clients.set(socket, client);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      client.gone.abort();
      client.requests?.[Symbol.dispose]();
      this.#clients.delete(socket);
    });
  }

  /** Takes a tunnel, for `https:` or for websockets of either kind. */
  async #tunnel({ url = '' }: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const [, host = '', port] = AUTHORITY.exec(url) ?? [];
    const destination = destinationOf(host, Number(port));
    if (!destination) return void client.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n');
    if (head.length > 0) client.unshift(head);
    const front = new TunnelFront(client);
    try {
      await this.#join(client, destination, front);
    } catch (error) {
      if (error instanceof EgressRefusal) this.#refuse(front, client, destination, error);
      else if (this.#clients.get(client)?.isHelper) {
        this.#note(destination, error);
        front.failProxy();
      } else {
        this.#fail(front, destination, error);
      }
    }
  }

  /** Refuses a destination, unless it is a port of the service's own that has an entrance. */
  #refuse(front: Front, client: Duplex, destination: Destination, refusal: EgressRefusal): void {
    const entrance = this.#options.reservedPorts.entranceOf(destination);
    if (refusal.code !== 'own_port' || entrance === undefined) {
      return this.#fail(front, destination, refusal);
    }
    front.accept();
    enterOwnService(client, entrance);
  }

  /** Takes a connection for `http:` requests, whose destination is known before any request. */
  async #acceptPlain(socket: Socket): Promise<void> {
    const client = this.#clients.get(socket);
    const front = new SocksFront(socket);
    let destination: Destination | undefined;
    try {
      const { dialer, closed } = this.#open();
      destination = await acceptSocks5(socket, closed.signal);
      if (client && dialer.proxy?.type === 'http') {
        client.destination = destination;
        front.accept();
        this.#http.emit('connection', socket);
      } else {
        await this.#join(socket, destination, front);
      }
    } catch (error) {
      if (!destination || socket.readableEnded) return void socket.destroy();
      this.#fail(front, destination, error);
    }
  }

  /** Throws what the way to the destination fails with; what the client sent can be read again then. */
  async #join(client: Duplex, destination: Destination, front: Front): Promise<void> {
    const { dialer } = this.#open();
    const relay = dialer.proxy ? undefined : new Relay();
    const waiting = new WaitingClient(client);
    const known = this.#clients.get(client);
    if (known) known.isDialling = true;
    const patience = setTimeout(() => front.accept(), PATIENCE_MS).unref();
    try {
      const dial = (signal: AbortSignal) => dialer.dial(destination, signal, relay?.onread);
      const target = await this.#connect(dial, waiting.gone);
      front.accept();
      target.write(waiting.stop());
      if (relay) relay.join(target, client);
      else splice(client, target);
    } catch (error) {
      const ahead = waiting.stop();
      if (!client.readableEnded) client.unshift(ahead);
      throw error;
    } finally {
      clearTimeout(patience);
      if (known) known.isDialling = false;
    }
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const client = this.#clients.get(request.socket);
    const url = urlOf(request);
    const destination = client?.destination ?? namedIn(url);
    if (!client || !url || !destination) return void response.writeHead(400).end();
    try {
      client.requests ??= this.#openRequests(client);
      await client.requests.forward(request, response, destination, url.pathname + url.search);
    } catch (error) {
      // Whoever gave the request up need not be told, and nothing failed.
      if (response.destroyed) return;
      this.#note(destination, error);
      if (response.headersSent || !(error instanceof EgressRefusal)) return reset(request.socket);
      const headers = { 'content-type': 'text/plain', 'cache-control': 'no-store' };
      response.writeHead(403, STATUS_CODES[403], headers).end(pageOf(destination, error));
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

  /** Dials, and gives up when whoever it is for is gone, or when the route is closed. */
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

  /** Whether a socket leads to a port of ours, by an address that no interface need have told of. */
  async #isOwn({ localAddress, remoteAddress, remotePort = 0 }: Socket): Promise<boolean> {
    return (
      localAddress === remoteAddress && this.#options.reservedPorts.has('127.0.0.1', remotePort)
    );
  }

  #open() {
    if (!this.#way) throw new EgressRefusal('closed');
    return this.#way;
  }

  /** Tells a browser that its destination is refused or cannot be reached. */
  #fail(front: Front, destination: Destination, error: unknown): void {
    this.#note(destination, error);
    if (error instanceof EgressRefusal) front.refuse(pageOf(destination, error));
    else if (this.#way?.dialer.proxy) front.failProxy();
    else if (this.#mayFall(destination, error)) front.letFall();
    else front.breakOff();
  }

  /** Whether a browser that is let fall says what it would say without us. */
  #mayFall({ host, port }: Destination, error: unknown): boolean {
    return !this.#kept.has(port) && failureCode(error) === deadEndOf(host);
  }

  /** Notes a failure, unless there is no route, or the connection was only called off. */
  #note(destination: Destination, error: unknown): void {
    if (this.#way && !isAbort(error)) this.#failures.add(destination, error);
  }
}

function pageOf({ host, port }: Destination, { message }: EgressRefusal): string {
  return `bctrl does not let this browser reach ${host}:${port}. ${message}\n`;
}

/** The URL of a request, whether or not the request names its destination. */
function urlOf({ url = '' }: IncomingMessage): URL | null {
  return URL.parse(url.startsWith('/') ? `http://unknown${url}` : url);
}

function namedIn(url: URL | null): Destination | undefined {
  if (url?.protocol !== 'http:') return undefined;
  return destinationOf(url.hostname, Number(url.port || 80));
}

function destinationOf(host: string, port: number): Destination | undefined {
  const name = canonicalHost(host);
  return name !== undefined && port >= 1 && port <= 65_535 ? { host: name, port } : undefined;
}
