import { once } from 'node:events';
import { isIPv4, isIPv6, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { RuntimeError } from '../errors.ts';
import type { Proxy } from '../runtime/launch.ts';
import { proxyError, TargetUnreachable } from './egress-errors.ts';
import type { Destination } from './destination.ts';
import { credentialsOf } from './route.ts';

// RFC 1928
export const VERSION = 5;
export const NO_AUTHENTICATION = 0;
const USERNAME_PASSWORD = 2;
export const CONNECT = 1;
export const IPV4 = 1;
export const NAME = 3;
export const IPV6 = 4;
const REPLIES = [
  'succeeded',
  'general failure',
  'not allowed by its rules',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'TTL expired',
  'command not supported',
  'address type not supported',
];
// RFC 1929
const AUTHENTICATION_VERSION = 1;

/**
 * Greets a SOCKS5 proxy and authenticates. Throws `proxy.auth_failed`, `proxy.protocol_error`, or
 * the error that the connection breaks with.
 */
export async function greetSocks5(
  socket: Socket,
  proxy: Proxy,
  signal: AbortSignal,
): Promise<void> {
  const credentials = credentialsOf(proxy);
  const methods = credentials ? [NO_AUTHENTICATION, USERNAME_PASSWORD] : [NO_AUTHENTICATION];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method] = await readBytes(socket, 2, signal);
  if (version !== VERSION) throw notSocks(proxy);
  if (method === NO_AUTHENTICATION) return;
  if (method !== USERNAME_PASSWORD || !credentials) {
    const said = credentials
      ? 'takes no username and password'
      : 'wants credentials, and none were given';
    throw proxyError('proxy.auth_failed', proxy, said);
  }
  const parts = [credentials.username, credentials.password].map((text) => Buffer.from(text));
  const sized = parts.flatMap((part) => [Buffer.from([part.length]), part]);
  socket.write(Buffer.concat([Buffer.from([AUTHENTICATION_VERSION]), ...sized]));
  const [, status] = await readBytes(socket, 2, signal);
  if (status !== 0) throw proxyError('proxy.auth_failed', proxy, 'refused the credentials');
}

/** Has a proxy that was greeted connect to a destination; the proxy resolves names. */
export async function connectSocks5(
  socket: Socket,
  proxy: Proxy,
  { host, port }: Destination,
  signal: AbortSignal,
): Promise<void> {
  const portBytes = Buffer.alloc(2);
  portBytes.writeUInt16BE(port);
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressOf(host), portBytes]));
  const [version, reply = 1, , type] = await readBytes(socket, 4, signal);
  if (version !== VERSION) throw notSocks(proxy);
  if (reply !== 0) throw new TargetUnreachable(REPLIES[reply] ?? `reply ${reply}`);
  const bound = await boundSize(socket, type, signal);
  if (bound === undefined) throw notSocks(proxy);
  await readBytes(socket, bound + portBytes.length, signal);
}

function addressOf(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([IPV4, ...ipaddr.parse(host).toByteArray()]);
  if (isIPv6(host)) return Buffer.from([IPV6, ...ipaddr.parse(host).toByteArray()]);
  const name = Buffer.from(host);
  if (name.length > 255) throw new TargetUnreachable('its name is too long');
  return Buffer.concat([Buffer.from([NAME, name.length]), name]);
}

async function boundSize(socket: Socket, type: number | undefined, signal: AbortSignal) {
  switch (type ?? 0) {
    case IPV4:
      return 4;
    case IPV6:
      return 16;
    case NAME: {
      const [size = 0] = await readBytes(socket, 1, signal);
      return size;
    }
    default:
      return undefined;
  }
}

/** Reads exactly `size` bytes. Throws when the connection ends before. */
export async function readBytes(
  socket: Socket,
  size: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let missing = size; missing > 0;) {
    // Takes what is there: a stream with something left says again and again that it is readable.
    const chunk: Buffer | null = socket.read(Math.min(missing, socket.readableLength));
    if (chunk) {
      chunks.push(chunk);
      missing -= chunk.length;
    } else if (socket.readableEnded) {
      throw new Error('the other end hung up during the handshake');
    } else {
      await once(socket, 'readable', { signal });
    }
  }
  return Buffer.concat(chunks);
}

function notSocks(proxy: Proxy): RuntimeError {
  return proxyError('proxy.protocol_error', proxy, 'does not speak SOCKS5');
}
