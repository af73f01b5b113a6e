import type { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { ApiEnv } from './api-env.ts';

/** How long a client may take nothing of a body. It may go on later with a range. */
const STALL_MS = 300_000;

/**
 * The body of an answer, read as fast as its client takes it, and let go of when the client hangs up
 * or takes nothing any more. Where the content breaks off, so does the connection: the client sees
 * that it has not all.
 */
export function asBody(c: Context<ApiEnv>, content: Readable): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = content[Symbol.asyncIterator]();
  let stalled: NodeJS.Timeout | undefined;
  let isLeft = false;
  // The server cancels the body then.
  const hangUp = () => c.env.incoming.socket.destroy();
  return new ReadableStream({
    pull: async (controller) => {
      clearTimeout(stalled);
      const next = await chunks.next().catch((err: unknown) => ({ err }));
      // It ended with its client.
      if (isLeft) return;
      if ('err' in next) {
        c.var.log.warn(next, 'a body broke off');
        hangUp();
      } else if (next.done) {
        controller.close();
      } else {
        controller.enqueue(next.value);
        stalled = setTimeout(hangUp, STALL_MS).unref();
      }
    },
    cancel: () => {
      isLeft = true;
      clearTimeout(stalled);
      content.destroy();
    },
  });
}
