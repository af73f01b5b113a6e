import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { ApiEnv } from '../http/api-env.ts';

/** How much of an unread body is read to keep the connection for the next request. */
const KEEP_ALIVE_MAX_BYTES = 1024 * 1024;
/** How long a client may go on sending what nobody reads before its connection is reset. */
const LINGER_MS = 30_000;

/**
 * An answer may be ready before its request has arrived, as a refusal is. The client gets the
 * answer at once, and the service reads and drops the rest of the body: otherwise the connection
 * would be reset, and the answer lost. After a large body, or one of unknown length, the service
 * closes the connection.
 */
export const dropUnreadBody = createMiddleware<ApiEnv>(async (c, next) => {
  await next();
  const { incoming } = c.env;
  if (incoming.complete || !hasBody(incoming)) return;
  const dropped = drop(incoming);
  if (!keepsAlive(incoming)) c.res = await heldOpen(c, dropped);
});

/**
 * Tells a client that asks before it sends a body (`Expect: 100-continue`) to go on once something
 * reads the body, so a refusal does not cost the transfer.
 */
export function continueWhenRead(server: Server): void {
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    incoming.once('resume', () => outgoing.writeContinue());
    server.emit('request', incoming, outgoing);
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

/** A client that waits for "100 Continue" and gets an answer may send the body or not. */
function keepsAlive({ headers }: IncomingMessage): boolean {
  return headers.expect === undefined && Number(headers['content-length']) <= KEEP_ALIVE_MAX_BYTES;
}

async function drop(incoming: IncomingMessage): Promise<void> {
  // A reader with back pressure would pause the body again.
  incoming.removeAllListeners('data');
  // A client that has not sent the body yet is not told to send it.
  incoming.removeAllListeners('resume');
  incoming.resume();
  const signal = AbortSignal.timeout(LINGER_MS);
  await finished(incoming, { signal }).catch(() => undefined);
}

/** Returns the same answer, sent at once but ended only after `until`: then Node.js hangs up. */
async function heldOpen(c: Context, until: Promise<void>): Promise<Response> {
  const { status, headers } = c.res;
  const bytes = new Uint8Array(await c.res.arrayBuffer());
  headers.set('connection', 'close');
  if (bytes.length === 0) {
    await until;
    return new Response(null, { status, headers });
  }
  headers.set('content-length', String(bytes.length));
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(bytes),
    pull: async (controller) => {
      await until;
      controller.close();
    },
  });
  return new Response(body, { status, headers });
}
