import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as httpRequest, type ClientRequest } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { FirstClient, SocketRequest } from '../../connections/requests.ts';
import type { ReadTicket, Tickets } from '../../connections/tickets.ts';
import type { NodeRequest } from '../../node/runtime-node.ts';
import { exchange } from './client-answers.ts';
import { join } from './client-sockets.ts';
import { Credentials, type Claim, type NodeKeys } from './credentials.ts';
import { handshakeHeaders, HEADERS } from './headers.ts';
import { dialLine, LINE_HEADERS } from './line-opening.ts';
import type { Line } from './line.ts';
import { linePath, pingPath, runtimePath } from './paths.ts';
import { ping, type PingResult } from './ping.ts';
import { NODE_NAME, readTlsFiles, type TlsFiles } from './tls-files.ts';

const DIAL_TIMEOUT_MS = 2000;
/** For how long the kernel believes in the other side without a sign of it. */
const PROBE_AFTER_MS = 10_000;
/** Much shorter than nodes keep them: no request should meet a connection that the node closes. */
const UNUSED_MAX_MS = 5000;
const ADDRESS = /^\[?(?<host>.+?)\]?:(?<port>\d+)$/;

/** A node, and where it listens. */
export interface DataPlaneTarget {
  nodeId: string;
  /** `<host>:<port>` */
  address: string;
}

export interface DataPlaneClientOptions {
  tickets: Tickets;
  keys: NodeKeys;
  tls: TlsFiles | undefined;
}

interface Asked extends Omit<Claim, 'nodeId'> {
  agent: Agent;
  headers: Record<string, string | string[]>;
}

/**
 * How an API process reaches the runtimes of nodes. With TLS, a node is recognized by the name
 * `bctrl-node` in its certificate, and not by the address that is dialled: an API process, whose
 * certificate has no such name, cannot stand in for a node.
 */
export class DataPlaneClient implements AsyncDisposable {
  readonly #tickets: Tickets;
  readonly #credentials: Credentials;
  readonly #request: typeof httpRequest;
  /** Keeps connections for more requests. */
  readonly #keeping: Agent;
  /** Dials each time: a websocket, a line and a ping have connections of their own. */
  readonly #dialling: Agent;
  readonly #dialled: 'connect' | 'secureConnect';
  readonly #sockets = new Set<Socket>();

  /** Throws one sentence when a file of TLS cannot be used. */
  constructor({ tickets, keys, tls }: DataPlaneClientOptions) {
    this.#tickets = tickets;
    this.#credentials = new Credentials(keys);
    this.#request = tls ? httpsRequest : httpRequest;
    this.#dialled = tls ? 'secureConnect' : 'connect';
    const identity = tls && {
      ...readTlsFiles(tls),
      servername: NODE_NAME,
      minVersion: 'TLSv1.3' as const,
    };
    const open = (options: object) =>
      identity ? new TlsAgent({ ...options, ...identity }) : new Agent(options);
    this.#keeping = open({ keepAlive: true, timeout: UNUSED_MAX_MS });
    this.#dialling = open({ allowHalfOpen: true });
  }

  /** As `RuntimeNode.connect`. Throws `runtime.unreachable` when the node cannot be reached. */
  async connect(target: DataPlaneTarget, ticket: ReadTicket, asked: SocketRequest): Promise<void> {
    const { socket, path, first, headers } = asked;
    if (socket.destroyed) return;
    const request = this.#ask(target, {
      method: 'GET',
      path: runtimePath(path),
      ticket: this.#tickets.sign(ticket),
      base: '',
      first: ofFirst(first),
      agent: this.#dialling,
      headers: {
        ...handshakeHeaders(asked.request.headers),
        ...idHeader(headers?.[HEADERS.requestId]),
      },
    });
    limitDialling(request, this.#dialled);
    return join(request, asked);
  }

  /**
   * As `RuntimeNode.answer`. Throws `runtime.unreachable` when the node cannot be reached, and when
   * it goes away before it answers: whether it did what it was asked is not known then.
   */
  async answer(
    target: DataPlaneTarget,
    ticket: ReadTicket,
    { method, path, base, body, gone, requestId }: NodeRequest,
  ): Promise<Response> {
    const request = this.#ask(target, {
      method,
      path: runtimePath(path),
      ticket: this.#tickets.sign(ticket),
      base,
      first: '',
      agent: this.#keeping,
      headers: {
        // A body is read only if the node wants it, and nobody knows its length before.
        expect: '100-continue',
        'transfer-encoding': 'chunked',
        ...idHeader(requestId),
      },
    });
    limitDialling(request, this.#dialled);
    return exchange(request, { body, gone });
  }

  /** Whether a node is there. Throws when that could not be tried. */
  async ping(target: DataPlaneTarget, timeoutMs: number): Promise<PingResult> {
    const { nodeId } = target;
    const nonce = randomUUID();
    const request = this.#ask(target, {
      method: 'GET',
      path: pingPath(nonce),
      ticket: '',
      base: '',
      first: '',
      agent: this.#dialling,
      headers: {},
    });
    const isPong = (said: unknown) => this.#credentials.isPong(String(said), nonce, nodeId);
    return ping(request, ({ headers }) => isPong(headers[HEADERS.signature]), timeoutMs);
  }

  /** Opens a line to a node. Throws `runtime.unreachable` when it cannot be reached. */
  async openLine(target: DataPlaneTarget): Promise<Line> {
    const nonce = randomUUID();
    const request = this.#ask(target, {
      method: 'GET',
      path: linePath(nonce),
      ticket: '',
      base: '',
      first: '',
      agent: this.#dialling,
      headers: LINE_HEADERS,
    });
    limitDialling(request, this.#dialled);
    const { nodeId } = target;
    return dialLine(request, { nodeId, nonce, credentials: this.#credentials });
  }

  /** Closes every connection to a node. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#sockets].map(async (socket) => {
        const closed = once(socket, 'close');
        socket.destroy();
        await closed;
      }),
    );
  }

  #ask({ nodeId, address }: DataPlaneTarget, asked: Asked): ClientRequest {
    const { method, path, agent, headers } = asked;
    const request = this.#request({
      ...hostAndPort(address),
      method,
      path,
      agent,
      headers: { ...headers, ...this.#credentials.headersFor({ ...asked, nodeId }) },
    });
    request.once('socket', (socket) => this.#own(socket));
    return request;
  }

  #own(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.once('connect', () => socket.setKeepAlive(true, PROBE_AFTER_MS));
  }
}

/** Throws for an address that no node has told. */
function hostAndPort(address: string): { host: string; port: string } {
  const { host, port } = ADDRESS.exec(address)?.groups ?? {};
  if (host === undefined || port === undefined) {
    throw new Error(`${address} is no address of a node: it is not <host>:<port>.`);
  }
  return { host, port };
}

function ofFirst(first: FirstClient | undefined): Claim['first'] {
  if (!first) return '';
  return first.keepAlive ? 'keep' : 'end';
}

function idHeader(requestId: string | undefined): Record<string, string> {
  return requestId === undefined ? {} : { [HEADERS.requestId]: requestId };
}

/** A kept connection was dialled before. */
function limitDialling(request: ClientRequest, dialled: 'connect' | 'secureConnect'): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => {
      request.destroy(new Error('The node could not be dialled in time.'));
    }, DIAL_TIMEOUT_MS);
    for (const event of [dialled, 'close']) socket.once(event, () => clearTimeout(timer));
  });
}
