import type { IncomingMessage } from 'node:http';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { ApiError } from '../http/errors.ts';
import type { ApiEnv } from '../http/api-env.ts';

/** Refuses larger bodies with `request.too_large`, by their length or else as they arrive. */
export function limitBody(maxBytes: number) {
  const refuse = () => {
    throw tooLarge(maxBytes);
  };
  const count = bodyLimit({ maxSize: maxBytes, onError: refuse });
  return createMiddleware<ApiEnv>((c, next) => {
    const length = c.req.header('content-length');
    if (length === undefined) return count(c, next);
    // A body that is refused by its length is not read: a client that asked first need not send it.
    return Number(length) > maxBytes ? refuse() : next();
  });
}

/** Yields a body as it arrives. Throws `request.too_large`, at once if `Content-Length` shows it. */
export async function* limitedBody(
  incoming: IncomingMessage,
  maxBytes: number,
): AsyncGenerator<Buffer, void> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  let bytes = 0;
  // The client still has to get an answer.
  const chunks: AsyncIterable<Buffer> = incoming.iterator({ destroyOnReturn: false });
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw new ApiError('request.invalid', 'The body broke off.');
  }
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('request.too_large', `A body may have at most ${maxBytes} bytes.`);
}
