import { createHash, randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
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
  const key = newKey(organizationId);
  const measured = new Measure(mostBytes);
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        measured.add(chunk);
        done(null, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
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
  return { key, ...measured.result };
}

/** As `storeContent`, of what an open file has. */
export async function storeFile(
  storage: Pick<ObjectStorage, 'putFile'>,
  file: FileHandle,
  { organizationId, mostBytes }: ContentOwner,
): Promise<StoredContent> {
  const key = newKey(organizationId);
  const measured = new Measure(mostBytes);
  await storage.putFile(key, file, (part) => measured.add(part));
  return { key, ...measured.result };
}

function newKey(organizationId: string): string {
  return `${OBJECT_FOLDERS.files}${organizationId}/${randomUUID()}`;
}

/** What content has, as it passes. */
class Measure {
  readonly #mostBytes: number;
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Throws `file.too_large`. */
  add(part: Buffer): void {
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > this.#mostBytes) throw tooLarge(this.#mostBytes);
    this.#hash.update(part);
  }

  get result(): Omit<StoredContent, 'key'> {
    return { sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex') };
  }
}

function isEnded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ENDED.has(error.code);
}

export function tooLarge(mostBytes: number): RuntimeError {
  return new RuntimeError('file.too_large', `A file must not be larger than ${mostBytes} bytes.`, {
    details: { limitBytes: mostBytes },
  });
}
