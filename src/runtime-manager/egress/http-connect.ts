import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { RuntimeError } from '../errors.ts';
import { isAbort } from './egress-errors.ts';
import type { Credentials } from './route.ts';

/** What answers 401 means 407: both are seen. */
const REFUSED = new Set([401, 407]);

/** https://www.rfc-editor.org/rfc/rfc7617: `undefined` without credentials. */
export function proxyAuthorization(credentials: Credentials | undefined): string | undefined {
  if (!credentials) return undefined;
  const { username, password } = credentials;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/**
 * Asks an HTTP proxy for a tunnel (https://www.rfc-editor.org/rfc/rfc9110#name-connect), and resolves
 * with the status it answers. Throws `proxy.auth_failed` or `proxy.protocol_error`.
 */
export async function connectHttp(
  socket: Socket,
  authority: string,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<number> {
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
  const status = await answerOf(asked, socket);
  if (!REFUSED.has(status)) return status;
  throw new RuntimeError(
    'proxy.auth_failed',
    credentials
      ? 'The proxy refused the credentials.'
      : 'The proxy wants credentials, and has none.',
  );
}

async function answerOf(asked: ClientRequest, socket: Socket): Promise<number> {
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
    throw new RuntimeError('proxy.protocol_error', 'The proxy does not answer as an HTTP proxy.', {
      cause,
    });
  }
}
