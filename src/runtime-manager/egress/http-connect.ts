import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Proxy } from '../runtime/launch.ts';
import { isAbort, proxyError, ProxyHungUp } from './egress-errors.ts';
import { credentialsOf, type Credentials } from './route.ts';

/** Proxies that answer 401 mean 407: both are seen. */
const REFUSED = new Set([401, 407]);

/** https://www.rfc-editor.org/rfc/rfc7617: `undefined` without credentials. */
export function proxyAuthorization(credentials: Credentials | undefined): string | undefined {
  if (!credentials) return undefined;
  const { username, password } = credentials;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/**
 * Asks an HTTP proxy for a tunnel (https://www.rfc-editor.org/rfc/rfc9110#name-connect), and resolves
 * with the status it answers. Throws `proxy.auth_failed`, `proxy.protocol_error` or ProxyHungUp.
 */
export async function connectHttp(
  socket: Socket,
  authority: string,
  proxy: Proxy,
  signal: AbortSignal,
): Promise<number> {
  const credentials = credentialsOf(proxy);
  const authorization = proxyAuthorization(credentials);
  const asked = request({
    createConnection: () => socket,
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      ...(authorization !== undefined && { 'proxy-authorization': authorization }),
    },
    insecureHTTPParser: true,
    signal,
  });
  asked.end();
  const status = await answerOf(asked, socket, proxy);
  if (!REFUSED.has(status)) return status;
  throw proxyError(
    'proxy.auth_failed',
    proxy,
    credentials ? 'refused the credentials' : 'wants credentials, and none were given',
  );
}

async function answerOf(asked: ClientRequest, socket: Socket, proxy: Proxy): Promise<number> {
  const answer = Promise.withResolvers<IncomingMessage>();
  asked.on('error', answer.reject);
  asked.once('connect', (response, _socket, head) => {
    if (head.length > 0) socket.unshift(head);
    answer.resolve(response);
  });
  try {
    const { statusCode } = await answer.promise;
    return statusCode ?? 0;
  } catch (cause) {
    if (isAbort(cause)) throw cause;
    if (hasHungUp(cause)) throw new ProxyHungUp(proxy, cause);
    throw proxyError('proxy.protocol_error', proxy, 'does not answer as an HTTP proxy', cause);
  }
}

/** Whether the proxy hung up before it said anything; it may also have said what is not HTTP. */
function hasHungUp(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'].includes(code);
}
