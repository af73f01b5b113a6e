import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Duplex } from 'node:stream';
import type { DebuggingEndpoint } from '../browser/chromium.ts';

/** What of a client's handshake concerns the browser. No Origin: Chromium refuses unknown ones. */
const HANDSHAKE_HEADERS = [
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'sec-websocket-protocol',
] as const;

/**
 * Joins a client that asked for a websocket with the browser's own: its handshake is repeated
 * there, and from then on bytes pass both ways untouched, as fast as the slower side reads.
 * Resolves when either side is gone, and with it the other.
 */
export async function bridgeToBrowser(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  { port, path }: DebuggingEndpoint,
): Promise<void> {
  const browser = connect({ host: '127.0.0.1', port, noDelay: true });
  browser.write(handshake(request, port, path));
  browser.write(head);
  await Promise.allSettled([pass(client, browser), pass(browser, client)]);
}

/** An end or error of either side ends both: half a connection is of no use to anyone. */
async function pass(from: Duplex | Socket, to: Duplex | Socket): Promise<void> {
  try {
    await pipeline(from, to);
  } finally {
    from.destroy();
    to.destroy();
  }
}

function handshake(request: IncomingMessage, port: number, path: string): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
  ];
  for (const name of HANDSHAKE_HEADERS) {
    const value = request.headers[name];
    if (typeof value === 'string') lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
