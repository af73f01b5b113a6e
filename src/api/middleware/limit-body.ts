import type { IncomingMessage } from 'node:http';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { ApiError } from '../http/errors.ts';
import type { ApiEnv } from '../http/router.ts';

/** Refuses larger bodies with `request.too_large`: by the length they tell, or else as they come. */
export function limitBody(maxBytes: number) {
  const refuse = () => {
    throw tooLarge(maxBytes);
  };
  const count = bodyLimit({ maxSize: maxBytes, onError: refuse });
  return createMiddleware<ApiEnv>((c, next) => {
    const length = c.req.header('content-length');
    if (length === undefined) return count(c, next);
    // What is refused by its length is not touched: a client that asked first need not send it.
    return Number(length) > maxBytes ? refuse() : next();
  });
}

/** A body as it comes; reading it throws `request.too_large` for a larger one, at once if it tells its length. */
export async function* limitedBody(
  incoming: IncomingMessage,
  maxBytes: number,
): AsyncGenerator<Buffer, void> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  let bytes = 0;
  // The client is still to be answered.
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
  return new ApiError('request.too_large', `A body has at most ${maxBytes} bytes.`);
}
