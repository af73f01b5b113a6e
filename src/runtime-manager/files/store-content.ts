import { createHash, randomUUID } from 'node:crypto';
import { PassThrough, Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RuntimeError } from '../errors.ts';
import { OBJECT_FOLDERS } from '../retention/orphans.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { StoredContent } from './file.ts';

/** What a stream fails with that somebody else has ended. */
const ENDED = new Set<unknown>(['ABORT_ERR', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

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
  const reasons = [first, second].flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  // A side that was ended by the other one knows nothing of the reason.
  if (reasons.length > 0) throw reasons.find((one) => !isEnded(one)) ?? reasons[0];
  return { key, sizeBytes, sha256: hash.digest('hex') };
}

function isEnded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ENDED.has(error.code);
}

export function tooLarge(mostBytes: number): RuntimeError {
  return new RuntimeError('file.too_large', `A file may have at most ${mostBytes} bytes.`, {
    details: { limitBytes: mostBytes },
  });
}
