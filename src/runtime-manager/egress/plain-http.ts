import {
  Agent,
  request as requestOf,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RuntimeError } from '../errors.ts';
import type { Proxy } from '../runtime/launch.ts';
import { authorityOf, type Dialer } from './dial.ts';
import { EgressRefusal, isAbort, proxyError, ProxyHungUp } from './egress-errors.ts';
import type { Destination } from './destination.ts';
import { HOP_BY_HOP } from './hop-by-hop.ts';
import { proxyAuthorization } from './http-connect.ts';
import { credentialsOf } from './route.ts';

/** As much as Chromium takes. */
export const MAX_HEADER_BYTES = 256 * 1024;

/** The characters that Node does not allow in a status line. */
// oxlint-disable-next-line no-control-regex
const UNSPEAKABLE = /[^\t\x20-\x7e\x80-\xff]/g;

/** Opens the connection that a request is sent over. */
type Connect = (destination: Destination) => Promise<Duplex>;

/**
 * The requests for `http:` addresses that come over one connection, one after the other, where they
 * have to be read: for an HTTP proxy, which takes whole requests, and from a client that speaks to
 * us as to an HTTP proxy. They share a connection to their destination. When that breaks, the
 * client's breaks too, so that a browser sees what it would see without us, and tries again where it
 * would.
 */
export class PlainHttp implements Disposable {
  readonly #dialer: Dialer;
  readonly #agent: Agent;

  constructor(dialer: Dialer, connect: Connect) {
    this.#dialer = dialer;
    this.#agent = new ConnectingAgent(connect);
  }

  /** Resolves when the response is over. Throws what the way to the destination fails with. */
  async forward(
    request: IncomingMessage,
    response: ServerResponse,
    destination: Destination,
    path: string,
  ): Promise<void> {
    const dialer = this.#dialer;
    const { proxy } = dialer;
    if (proxy?.type === 'http') await dialer.assertReachable(destination);
    const asked = requestOf({
      agent: this.#agent,
      host: destination.host,
      port: destination.port,
      method: request.method,
      path: proxy?.type === 'http' ? absolute(destination, path) : path,
      headers: [
        ...forwardable(request.rawHeaders),
        ...(proxy?.type === 'http' ? authorizationOf(dialer) : []),
      ],
      insecureHTTPParser: true,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    response.once('close', () => asked.destroy());
    const answered = answerTo(asked);
    request.on('error', () => asked.destroy());
    request.pipe(asked);
    const answer = await answered.catch((error: unknown) => {
      // A connection that was kept open may close at any time: the browser knows what to do then.
      if (!asked.reusedSocket) throw proxy?.type === 'http' ? ofProxy(proxy, error) : error;
      response.destroy();
      return undefined;
    });
    if (answer) await pass(answer, response, dialer);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** An error on the way to a proxy, which is not the destination's doing. */
function ofProxy(proxy: Proxy, error: unknown): unknown {
  if (error instanceof RuntimeError || error instanceof EgressRefusal || isAbort(error))
    return error;
  return new ProxyHungUp(proxy, error);
}

/** Keeps one connection, which it opens by the route. */
class ConnectingAgent extends Agent {
  readonly #connect: Connect;

  constructor(connect: Connect) {
    super({ keepAlive: true, maxSockets: 1 });
    this.#connect = connect;
  }

  override createConnection(
    { host, port }: { host?: string | null; port?: number | string | null },
    opened: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.#connect({ host: host ?? '', port: Number(port) }).then(
      (socket) => opened(null, socket),
      // Node ignores the socket when there is an error.
      (error: Error) => opened(error, new Socket()),
    );
  }
}

async function pass(answer: IncomingMessage, response: ServerResponse, dialer: Dialer) {
  if (answer.statusCode === 407 && dialer.proxy?.type === 'http') {
    answer.resume();
    throw proxyError('proxy.auth_failed', dialer.proxy, 'refused the credentials');
  }
  response.sendDate = false;
  response.writeHead(
    answer.statusCode ?? 502,
    (answer.statusMessage ?? '').replaceAll(UNSPEAKABLE, ''),
    forwardable(answer.rawHeaders),
  );
  await pipeline(answer, response).catch(() => response.destroy());
}

function answerTo(asked: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asked.once('response', resolve);
    asked.on('error', reject);
    // This also happens after an upgrade that nobody asked for.
    asked.once('close', () => reject(new Error('the connection closed without an answer')));
  });
}

function authorizationOf({ proxy }: Dialer): string[] {
  const authorization = proxy && proxyAuthorization(credentialsOf(proxy));
  return authorization === undefined ? [] : ['Proxy-Authorization', authorization];
}

/** https://www.rfc-editor.org/rfc/rfc9112#name-absolute-form */
function absolute(destination: Destination, path: string): string {
  return `http://${authorityOf(destination).replace(/:80$/, '')}${path}`;
}

/**
 * The headers to pass on, names and values in turn, as they came. They say the body's length in one
 * way only, the one in which it was read: else the next hop may take the body's end for a request.
 */
function forwardable(rawHeaders: string[]): string[] {
  const names = rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : ''));
  const dropped = new Set(HOP_BY_HOP);
  for (const [i, name] of names.entries()) {
    if (name !== 'connection') continue;
    for (const other of (rawHeaders[i + 1] ?? '').split(','))
      dropped.add(other.trim().toLowerCase());
  }
  dropped.delete('host');
  const isChunked = names.includes('transfer-encoding');
  if (isChunked) dropped.add('content-length');
  else dropped.delete('content-length');
  const kept = rawHeaders.filter((_, i) => !dropped.has(names[i - (i % 2)] ?? ''));
  return isChunked ? [...kept, 'Transfer-Encoding', 'chunked'] : kept;
}
