import { constants } from 'node:buffer';
import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { Logger } from 'pino';
import { RuntimeError } from '../../errors.ts';
import { OBJECT_FOLDERS } from '../../retention/orphans.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { JobFile } from './messages.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** The place of an object that is in the storage for one job; with the job's end it is removed. */
export class JobObject implements AsyncDisposable {
  readonly key: string;
  readonly #storage: ObjectStorage;
  readonly #log: Logger;

  constructor(kind: 'tar' | 'json', { storage, log }: { storage: ObjectStorage; log: Logger }) {
    this.key = `${OBJECT_FOLDERS.jobs}${randomUUID()}/${randomUUID()}.${kind}.zst`;
    this.#storage = storage;
    this.#log = log;
  }

  /** What cannot be removed now is left to the sweep of orphans: the job is done all the same. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#storage.delete(this.key);
    } catch (err) {
      this.#log.warn({ err, key: this.key }, 'an object of a job could not be removed');
    }
  }
}

/** Stores a value as JSON that is compressed with zstd. */
export async function putJson(
  storage: ObjectStorage,
  key: string,
  value: unknown,
): Promise<JobFile> {
  const content = await compress(JSON.stringify(value));
  await storage.put(key, Readable.from([content]));
  return { key, sha256: sha256Of(content) };
}

/** Throws `storage.object_missing`, and `service.unavailable` for what is not the file. */
export async function getJson(storage: ObjectStorage, { key, sha256 }: JobFile): Promise<unknown> {
  const content = await buffer(await storage.get(key));
  if (sha256Of(content) !== sha256) {
    throw new RuntimeError(
      'service.unavailable',
      'A file was damaged on its way to another machine.',
    );
  }
  const json = await decompress(content, { maxOutputLength: constants.MAX_STRING_LENGTH });
  return JSON.parse(String(json));
}

function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
