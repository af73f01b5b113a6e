import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ApiError } from './errors.ts';

/** Writes what a client sends to the disk as it arrives. Throws `request.too_large`. */
export async function writeUpload(
  content: Readable,
  file: string,
  maxBytes: number,
): Promise<void> {
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > maxBytes ? tooLarge(maxBytes) : null, chunk);
    },
  });
  await mkdir(dirname(file), { recursive: true });
  await pipeline(content, meter, createWriteStream(file, { mode: 0o600 }));
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('request.too_large', `The body must not be larger than ${maxBytes} bytes.`);
}
