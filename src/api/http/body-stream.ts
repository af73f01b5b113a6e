import type { Readable } from 'node:stream';
import type { Logger } from 'pino';

/** How long a client may take nothing of a body. It may go on later with a range. */
const STALL_MS = 300_000;

/**
 * A body that is read as fast as the client takes it, and let go of when the client hangs up or
 * takes nothing any more.
 */
export function asBody(content: Readable, log: Logger): ReadableStream<Uint8Array> {
  const reader: AsyncIterator<Uint8Array> = content[Symbol.asyncIterator]();
  let stalled: NodeJS.Timeout | undefined;
  return new ReadableStream({
    pull: async (controller) => {
      clearTimeout(stalled);
      try {
        const { done, value } = await reader.next();
        if (done) return controller.close();
        controller.enqueue(value);
      } catch (err) {
        if (!content.destroyed || content.errored) log.warn({ err }, 'a body broke off');
        return controller.error(err);
      }
      stalled = setTimeout(() => {
        content.destroy();
        controller.error(new Error('the client takes nothing any more'));
      }, STALL_MS).unref();
    },
    cancel: () => {
      clearTimeout(stalled);
      content.destroy();
    },
  });
}
