import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  NotFound,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { RuntimeError } from '../errors.ts';
import type { ByteRange, ObjectStorage, StoredObject } from './object-storage.ts';

/** The size of an upload's parts, which are held in memory. An upload may have 10,000, which makes 80 GB. */
const PART_BYTES = 8 * 1024 ** 2;
const PARTS_AT_ONCE = 2;
/** Of a few that are slow to read, nobody else is to wait: the SDK would allow 50. */
const SOCKETS = { maxSockets: 500 };
/**
 * The statuses that say that the key is taken, or just being written:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
const TAKEN: ReadonlySet<number> = new Set([409, 412]);

export interface S3Options {
  /** Undefined for AWS itself. */
  endpoint: string | undefined;
  region: string;
  bucket: string;
  /** Put before every key, with its own slash. */
  prefix: string;
  /** Undefined: as the AWS SDK finds them. */
  credentials: { accessKeyId: string; secretAccessKey: string } | undefined;
  /** Whether URLs are `<endpoint>/<bucket>/<key>`, which servers other than AWS mostly want. */
  forcePathStyle: boolean;
}

/** What the network says of a store that is away. */
const UNREACHABLE = /^(?:ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENET)/;

/** Objects in any store that speaks S3. An object is there when its upload is complete. */
export class S3Storage implements ObjectStorage {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor({ bucket, prefix, endpoint, credentials, ...rest }: S3Options) {
    this.#client = new S3Client({
      ...rest,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials && { credentials }),
      requestHandler: { httpAgent: SOCKETS, httpsAgent: SOCKETS },
      // Servers other than AWS do not know the SDK's checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    // Around all attempts of a command.
    this.#client.middlewareStack.add((next) => (command) => next(command).catch(throwAsSeen), {
      step: 'initialize',
    });
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  async put(key: string, content: Readable): Promise<void> {
    const upload = new Upload({
      client: this.#client,
      params: { ...this.#at(key), Body: content },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    });
    await upload.done();
  }

  putFile(key: string, file: FileHandle, seen: (part: Buffer) => void): Promise<void> {
    return this.put(key, Readable.from(partsOf(file, seen), { objectMode: false }));
  }

  /** Stores that do not know `If-None-Match` replace what is there. */
  async create(key: string, text: string): Promise<boolean> {
    try {
      await this.#client.send(
        new PutObjectCommand({ ...this.#at(key), Body: text, IfNoneMatch: '*' }),
      );
      return true;
    } catch (error) {
      if (error instanceof S3ServiceException && TAKEN.has(error.$metadata.httpStatusCode ?? 0)) {
        return false;
      }
      throw error;
    }
  }

  async get(key: string, range?: ByteRange): Promise<Readable> {
    try {
      const part = range && `${range.start}-${range.end}`;
      const { Body, ContentRange } = await this.#client.send(
        new GetObjectCommand({ ...this.#at(key), ...(part && { Range: `bytes=${part}` }) }),
      );
      if (!(Body instanceof Readable)) throw new Error('the store answered without a stream');
      // Stores cut what lies beyond the object, and some do not know ranges.
      if (!part || ContentRange?.startsWith(`bytes ${part}/`)) return Body;
      Body.destroy();
      throw new Error(`the store answered with other bytes than ${part} of an object`);
    } catch (cause) {
      if (!(cause instanceof NoSuchKey)) throw cause;
      throw new RuntimeError('storage.object_missing', 'A stored file is missing.', { cause });
    }
  }

  async size(key: string): Promise<number | undefined> {
    try {
      const { ContentLength } = await this.#client.send(new HeadObjectCommand(this.#at(key)));
      if (ContentLength === undefined) throw new Error('the store answered without a size');
      return ContentLength;
    } catch (error) {
      if (error instanceof NotFound || error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  async copy(from: string, to: string): Promise<void> {
    const { Bucket, Key } = this.#at(from);
    const CopySource = `${Bucket}/${encodeURI(Key)}`;
    await this.#client.send(new CopyObjectCommand({ ...this.#at(to), CopySource }));
  }

  async delete(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#at(key)));
  }

  async *list(folder: string): AsyncIterable<StoredObject> {
    const pages = paginateListObjectsV2(
      { client: this.#client },
      { Bucket: this.#bucket, Prefix: this.#prefix + folder },
    );
    for await (const { Contents = [] } of pages) {
      for (const { Key = '', Size = 0, LastModified = new Date() } of Contents) {
        yield { key: Key.slice(this.#prefix.length), sizeBytes: Size, modifiedAt: LastModified };
      }
    }
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }
}

async function* partsOf(file: FileHandle, seen: (part: Buffer) => void): AsyncGenerator<Buffer> {
  const parts: AsyncIterable<Buffer> = file.createReadStream({ start: 0, autoClose: false });
  for await (const part of parts) {
    seen(part);
    yield part;
  }
}

/** Throws `service.unavailable` for a store that does not answer, or cannot carry anything out now. */
function throwAsSeen(cause: unknown): never {
  const isRefusal = cause instanceof S3ServiceException;
  const isAway = isRefusal
    ? (cause.$metadata.httpStatusCode ?? 0) >= 500
    : cause instanceof Error && 'code' in cause && UNREACHABLE.test(String(cause.code));
  if (!isAway) throw cause;
  throw new RuntimeError('service.unavailable', 'The object storage does not respond.', { cause });
}
