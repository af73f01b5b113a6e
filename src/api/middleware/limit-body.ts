import type { IncomingMessage } from 'node:http';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { arrivingBody } from '../http/arriving-body.ts';
import { ApiError } from '../http/errors.ts';
import type { ApiEnv } from '../http/api-env.ts';

/** How long a body that is held in memory may take. */
const LIMITED_BODY_MS = 300_000;

/** Refuses larger bodies with `request.too_large`, by their length or else as they arrive. */
export function limitBody(maxBytes: number) {
  const refuse = () => {
    throw tooLarge(maxBytes);
  };
  const count = bodyLimit({ maxSize: maxBytes, onError: refuse });
  return createMiddleware<ApiEnv>((c, next) => {
    const { incoming } = c.env;
    const length = c.req.header('content-length');
    const late = setTimeout(() => {
      if (!incoming.complete) incoming.destroy();
    }, LIMITED_BODY_MS).unref();
    incoming.once('close', () => clearTimeout(late));
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
  for await (const chunk of arrivingBody(incoming)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('request.too_large', `The body must not be larger than ${maxBytes} bytes.`);
}
