import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { ApiEnv } from '../http/router.ts';

/** As much of a body as is read for the sake of the connection, which serves the next request then. */
const KEEP_ALIVE_MAX_BYTES = 1024 * 1024;
/** How long a client may go on sending what nobody reads before its connection is reset. */
const LINGER_MS = 30_000;

/**
 * An answer may come before its request has arrived, as a refusal does. The client gets it at once,
 * and the rest of the body is read and dropped: otherwise the client would find its connection
 * reset, and the answer lost. After a large body, or one of a length nobody knows, the connection
 * is closed.
 */
export const dropUnreadBody = createMiddleware<ApiEnv>(async (c, next) => {
  await next();
  const { incoming } = c.env;
  if (incoming.complete || !hasBody(incoming)) return;
  const dropped = drop(incoming);
  if (!keepsAlive(incoming)) c.res = await heldOpen(c, dropped);
});

/**
 * A client that asks before it sends a body (`Expect: 100-continue`) is told to go on when somebody
 * reads it, so a refusal does not cost the transfer.
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
  // Whoever reads the body with back pressure would pause it again.
  incoming.removeAllListeners('data');
  // A client that did not send it yet is not told to.
  incoming.removeAllListeners('resume');
  incoming.resume();
  const signal = AbortSignal.timeout(LINGER_MS);
  await finished(incoming, { signal }).catch(() => undefined);
}

/** The same answer, which tells its length at once and ends after `until`: then Node.js hangs up. */
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
