import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { canonicalHost } from './addresses.ts';
import type { Destination } from './destination.ts';
import { CONNECT, IPV4, IPV6, NAME, NO_AUTHENTICATION, readBytes, VERSION } from './socks5.ts';

const HOST_UNREACHABLE = 4;

/**
 * Greets a client of SOCKS5 (RFC 1928) and resolves with its destination; `answerSocks5` has to
 * follow. Throws for what a browser does not send.
 */
export async function acceptSocks5(client: Socket, signal: AbortSignal): Promise<Destination> {
  const [version, methods = 0] = await readBytes(client, 2, signal);
  await readBytes(client, methods, signal);
  if (version !== VERSION) throw new Error('the client does not speak SOCKS5');
  client.write(Buffer.from([VERSION, NO_AUTHENTICATION]));
  const [, command, , type] = await readBytes(client, 4, signal);
  const host = canonicalHost(await readHost(client, type, signal));
  const port = (await readBytes(client, 2, signal)).readUInt16BE();
  if (command !== CONNECT || host === undefined || port === 0)
    throw new Error('the client asks for no connection');
  return { host, port };
}

/** Tells a client whether its destination was reached. */
export function answerSocks5(client: Socket, isThere: boolean): void {
  const reply = isThere ? 0 : HOST_UNREACHABLE;
  client.write(Buffer.from([VERSION, reply, 0, IPV4, 0, 0, 0, 0, 0, 0]));
}

async function readHost(client: Socket, type: number | undefined, signal: AbortSignal) {
  if (type === NAME) {
    const [size = 0] = await readBytes(client, 1, signal);
    return (await readBytes(client, size, signal)).toString();
  }
  if (type !== IPV4 && type !== IPV6) throw new Error('the client names no address');
  const bytes = await readBytes(client, type === IPV4 ? 4 : 16, signal);
  return ipaddr.fromByteArray([...bytes]).toString();
}
