import { once } from 'node:events';
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Tickets } from '../../connections/tickets.ts';
import { RuntimeError } from '../../errors.ts';
import type { RuntimeNode } from '../../node/runtime-node.ts';
import { Credentials, type Claim, type NodeKeys } from './credentials.ts';
import { HEADERS } from './headers.ts';
import { answerRequest, refuse, type Admitted } from './node-answers.ts';
import { acceptLine } from './line-opening.ts';
import type { Line } from './line.ts';
import { lineNonceIn, pathInRuntime, pingNonceIn } from './paths.ts';
import { readNodeTlsFiles, type TlsFiles, type TlsIdentity } from './tls-files.ts';

/** Much longer than `DataPlaneClient` keeps a connection that nobody uses. */
const KEEP_ALIVE_MS = 75_000;
/** Until somebody has said who it is. */
const INTRODUCTION_MAX_MS = 10_000;
/** For how long the kernel believes in the other side without a sign of it. */
const PROBE_AFTER_MS = 10_000;
/** The headers of a client's handshake, as many as Node.js takes, and ours. */
const HEADERS_MAX_BYTES = 64 * 1024;
/**
 * How many connections the kernel accepts in the place of a process that is slow: whoever probes it
 * again and again should not take it for gone.
 */
const BACKLOG = 4096;
/** Clients are told the reason of their end within a second. */
const CLOSE_GRACE_MS = 2000;

export interface DataPlaneListenerOptions {
  node: Pick<RuntimeNode, 'id' | 'connect' | 'answer'>;
  tickets: Tickets;
  keys: NodeKeys;
  /** Undefined: every address of the machine. */
  host: string | undefined;
  /** 0: one that is free. */
  port: number;
  /** Undefined: what passes can be read by whoever can listen to the network. */
  tls: TlsFiles | undefined;
  /** Serves an API process over a line that it has opened. */
  serveLine: (line: Line) => void;
  /** Called when somebody asks whether the node is there. */
  onPing?: () => void;
  log: Logger;
}

/**
 * Where API processes reach the runtimes of a node. Every request is signed (`Credentials`); the
 * signature is checked before anything else, behind TLS too. The node has the last word on tickets.
 */
export class DataPlaneListener implements AsyncDisposable {
  readonly port: number;
  readonly #options: DataPlaneListenerOptions;
  readonly #credentials: Credentials;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(options: DataPlaneListenerOptions, server: Server) {
    this.#options = options;
    this.#credentials = new Credentials(options.keys);
    this.#server = server;
    this.#sockets = socketsOf(server);
    this.#serve();
    this.port = portOf(server);
  }

  /** Throws one sentence when the address, or a file of TLS, cannot be used. */
  static async open(options: DataPlaneListenerOptions): Promise<DataPlaneListener> {
    const { host, port, tls } = options;
    const server = createHttpServer(tls && readNodeTlsFiles(tls));
    try {
      server.listen({ host, port, backlog: BACKLOG });
      await once(server, 'listening');
    } catch (cause) {
      throw new Error(explain(cause, host ?? 'this machine', port), { cause });
    }
    return new DataPlaneListener(options, server);
  }

  /** Gives answers and last words a short time, then closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(timer);
  }

  #serve(): void {
    const { node, log } = this.#options;
    const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const work = (admitted: Admitted) => answerRequest(node, { incoming, outgoing }, admitted);
      void this.#admit(incoming, () => outgoing, work);
    };
    this.#server.on('request', answer);
    // Whoever waits with its body is told to go on when the node wants the body.
    this.#server.on('checkContinue', answer);
    this.#server.on('checkExpectation', answer);
    this.#server.on('upgrade', (request: IncomingMessage, _: unknown, head: Buffer) => {
      const { socket } = request;
      socket.on('error', () => socket.destroy());
      if (this.#openLine(request, head)) return;
      const work = ({ ticket, path, first }: Admitted) =>
        node.connect(ticket, { request, socket, head, path, first });
      void this.#admit(request, () => responseOver(request), work);
    });
    this.#server.on('tlsClientError', (err: Error, { remoteAddress }: Socket) => {
      log.warn({ err, remoteAddress }, 'a connection was refused by TLS');
    });
  }

  /** Has the node do what an API process asks. Answers with the reason when nothing comes of it. */
  async #admit(
    incoming: IncomingMessage,
    outgoing: () => ServerResponse,
    work: (admitted: Admitted) => Promise<void>,
  ): Promise<void> {
    const { node, tickets } = this.#options;
    const claim = this.#credentials.read(incoming);
    if (!claim) return close(outgoing(), 401);
    if (claim.nodeId !== node.id) return close(outgoing(), 421);
    const nonce = pingNonceIn(claim.path);
    if (nonce !== undefined) return this.#pong(outgoing(), nonce);
    const path = pathInRuntime(claim.path);
    if (path === undefined) return close(outgoing(), 404);
    const requestId = requestIdOf(incoming);
    try {
      const ticket = tickets.read(claim.ticket);
      if (ticket.nodeId !== node.id) return close(outgoing(), 421);
      await work({ ticket, path, base: claim.base, first: firstOf(claim), requestId });
    } catch (error) {
      const isGone = incoming.socket.destroyed;
      this.#note(error, requestId, isGone);
      if (!isGone) refuse(outgoing(), error);
    }
  }

  /** Whether the upgrade was to a line, and admitted. */
  #openLine(request: IncomingMessage, head: Buffer): boolean {
    const { node, serveLine } = this.#options;
    const { id: nodeId } = node;
    const credentials = this.#credentials;
    const nonce = lineNonceIn(request.url ?? '');
    if (nonce === undefined || credentials.read(request)?.nodeId !== nodeId) return false;
    request.socket.unshift(head);
    serveLine(acceptLine(request.socket, { nodeId, nonce, credentials }));
    return true;
  }

  #note(err: unknown, requestId: string | undefined, isGone: boolean): void {
    if (err instanceof RuntimeError) return;
    const level = isGone ? 'debug' : 'error';
    this.#options.log[level]({ err, requestId }, 'a request of an API process failed');
  }

  #pong(outgoing: ServerResponse, nonce: string): void {
    const { onPing, node } = this.#options;
    const { id: nodeId } = node;
    onPing?.();
    const signature = this.#credentials.signPong(nonce, nodeId);
    outgoing.writeHead(200, { [HEADERS.signature]: signature, 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ nonce, nodeId }));
  }
}

function createHttpServer(tls: TlsIdentity | undefined): Server {
  const options = {
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: INTRODUCTION_MAX_MS,
    // The API process decides how long a client may take for a body.
    requestTimeout: 0,
    maxHeaderSize: HEADERS_MAX_BYTES,
  };
  if (!tls) return createServer(options);
  const server = createTlsServer({
    ...options,
    ...tls,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    handshakeTimeout: INTRODUCTION_MAX_MS,
  });
  // As sockets without TLS have it, but not before it is known whose they are.
  server.on('secureConnection', (socket) => (socket.allowHalfOpen = true));
  return server;
}

/** All sockets of a server, including those that it handed over for an upgrade. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Answers an upgrade as any other request. */
function responseOver(request: IncomingMessage): ServerResponse {
  const { socket } = request;
  const outgoing = new ServerResponse(request);
  outgoing.shouldKeepAlive = false;
  outgoing.assignSocket(socket);
  outgoing.once('finish', () => socket.destroySoon());
  return outgoing;
}

/** Refuses whoever should not have come, and reads nothing more of it. */
function close(outgoing: ServerResponse, status: number): void {
  outgoing.writeHead(status, { connection: 'close' }).end();
}

function firstOf({ first }: Claim): Admitted['first'] {
  return first ? { keepAlive: first === 'keep' } : undefined;
}

function requestIdOf({ headers }: IncomingMessage): string | undefined {
  const given = headers[HEADERS.requestId];
  return typeof given === 'string' ? given : undefined;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

function explain(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') {
    return `BCTRL_NODE_PORT ${port} is taken on ${host}: set BCTRL_NODE_PORT to a free one.`;
  }
  if (code === 'EACCES') return `BCTRL_NODE_PORT ${port} needs privileges this user does not have.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `${host} is no address of this machine, so BCTRL_NODE_PORT ${port} cannot be opened there.`;
  }
  return `Cannot listen on BCTRL_NODE_PORT ${port} of ${host}: ${String(cause)}`;
}
