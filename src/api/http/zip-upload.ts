import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Context } from 'hono';
import { z } from 'zod';
import { RuntimeError } from '../../runtime-manager/runtime/index.ts';
import { ApiError } from './errors.ts';

export const ZIP_TYPE = 'application/zip';
const IS_ZIP = /^application\/zip\s*(?:;|$)/i;

/**
 * Writes a body to the disk as it arrives. Throws `request.unsupported_media_type`,
 * `request.too_large`, or `profile.invalid_import` if the body breaks off.
 */
export async function receiveZip(c: Context, file: string, maxBytes: number): Promise<void> {
  if (!IS_ZIP.test(c.req.header('content-type') ?? '')) throw noZip();
  let sizeBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      done(sizeBytes > maxBytes ? tooLarge(maxBytes) : null, chunk);
    },
  });
  try {
    const body = Readable.fromWeb(
      z.instanceof(ReadableStream).parse(c.req.raw.body ?? new Blob([]).stream()),
    );
    await pipeline(body, meter, createWriteStream(file, { mode: 0o600 }));
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw new RuntimeError('profile.invalid_import', 'The body is incomplete.', { cause });
  }
}

function noZip(): ApiError {
  return new ApiError('request.unsupported_media_type', 'The body has to be a zip.', {
    hint: 'Send "Content-Type: application/zip".',
  });
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('request.too_large', `A body may have at most ${maxBytes} bytes.`);
}
