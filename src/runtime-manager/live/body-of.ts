import type { Readable } from 'node:stream';

/**
 * The body of an answer, read as fast as it is taken. Types of browsers know it too, unlike what
 * `Readable.toWeb` makes: the console's pages take types from schemas, which lead here.
 */
export function bodyOf(content: Readable): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = content[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void content.destroy(),
  });
}
