import { createHash, randomUUID } from 'node:crypto';
import { PassThrough, Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RuntimeError } from '../errors.ts';
import { OBJECT_FOLDERS } from '../retention/orphans.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { StoredContent } from './file.ts';

export interface ContentOwner {
  organizationId: string;
  /** How many bytes there may be. */
  mostBytes: number;
}

/**
 * Stores content as it arrives, whole or not at all; memory does not grow with its size. Throws
 * `file.too_large`, or what the stream or the storage fails with.
 */
export async function storeContent(
  storage: Pick<ObjectStorage, 'put'>,
  content: Readable,
  { organizationId, mostBytes }: ContentOwner,
): Promise<StoredContent> {
  const key = `${OBJECT_FOLDERS.files}${organizationId}/${randomUUID()}`;
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      if (sizeBytes > mostBytes) return done(tooLarge(mostBytes));
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const metered = new PassThrough();
  // Whichever side fails, the other one is ended too.
  const stored = storage.put(key, metered).catch((error: unknown) => {
    metered.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  const passed = pipeline(content, meter, metered);
  const [first, second] = await Promise.allSettled([passed, stored]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return { key, sizeBytes, sha256: hash.digest('hex') };
}

export function tooLarge(mostBytes: number): RuntimeError {
  return new RuntimeError('file.too_large', `A file may have at most ${mostBytes} bytes.`, {
    details: { limitBytes: mostBytes },
  });
}
