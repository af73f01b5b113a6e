import { randomUUID } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  open,
  opendir,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RuntimeError } from '../errors.ts';
import type { ByteRange, ObjectStorage, StoredObject } from './object-storage.ts';

/** The folder of files that are not yet objects. */
const UNFINISHED = '.unfinished';
/** How often a folder is made again when it was removed just then. */
const ATTEMPTS = 10;
const CHUNK_BYTES = 256 * 1024;

/** Keeps objects as files below a directory. Each is written beside, flushed to the disk, and renamed in. */
export class LocalStorage implements ObjectStorage {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** For the only service that writes there: files that it was writing when it last ended are removed. */
  static async open(directory: string): Promise<LocalStorage> {
    await rm(join(directory, UNFINISHED), { recursive: true, force: true });
    return new LocalStorage(directory);
  }

  async put(key: string, content: Readable): Promise<void> {
    // The pipeline listens only later, and still finds the error then.
    content.on('error', () => undefined);
    await this.#place(key, async (path) => {
      await pipeline(content, createWriteStream(path, { mode: 0o600, flush: true }));
    });
  }

  async putFile(key: string, file: FileHandle, seen: (part: Buffer) => void): Promise<void> {
    await this.#place(key, (path) => copyFrom(file, path, seen));
  }

  async create(key: string, text: string): Promise<boolean> {
    try {
      await this.#place(
        key,
        (path) => writeFile(path, text, { mode: 0o600, flush: true }),
        (unfinished, path) => link(unfinished, path),
      );
      return true;
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false;
      throw error;
    }
  }

  async get(key: string, range?: ByteRange): Promise<Readable> {
    const file = await open(join(this.#directory, key)).catch((cause: unknown) => {
      if (!isCode(cause, 'ENOENT')) throw cause;
      throw new RuntimeError('storage.object_missing', 'A stored file is missing.', { cause });
    });
    try {
      if (range) await assertWithin(file, range);
      return file.createReadStream({ ...range, highWaterMark: CHUNK_BYTES });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async size(key: string): Promise<number | undefined> {
    try {
      const found = await stat(join(this.#directory, key));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async copy(from: string, to: string): Promise<void> {
    await this.#place(to, async (path) => {
      await copyFile(join(this.#directory, from), path, constants.COPYFILE_FICLONE);
      await flush(path);
    });
  }

  async delete(key: string): Promise<void> {
    const path = join(this.#directory, key);
    await rm(path, { force: true });
    // Empty folders would be walked through for ever.
    await rmdir(dirname(path)).catch(() => undefined);
  }

  async *list(folder: string): AsyncIterable<StoredObject> {
    yield* this.#walk(join(this.#directory, folder));
  }

  async *#walk(directory: string): AsyncIterable<StoredObject> {
    const entries = await opendir(directory).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    });
    for await (const entry of entries) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) yield* this.#walk(path);
      if (!entry.isFile()) continue;
      const found = await stat(path).catch(() => undefined);
      if (!found) continue;
      const key = relative(this.#directory, path);
      yield { key, sizeBytes: found.size, modifiedAt: found.mtime };
    }
  }

  async #place(
    key: string,
    write: (path: string) => Promise<void>,
    moveIn: (unfinished: string, path: string) => Promise<void> = rename,
  ): Promise<void> {
    await mkdir(join(this.#directory, UNFINISHED), { recursive: true, mode: 0o700 });
    const unfinished = join(this.#directory, UNFINISHED, randomUUID());
    const path = join(this.#directory, key);
    try {
      await write(unfinished);
      await inFolder(dirname(path), () => moveIn(unfinished, path));
      await flush(dirname(path));
    } finally {
      await rm(unfinished, { force: true });
    }
  }
}

/** Takes one buffer, however large the file is. */
async function copyFrom(
  file: FileHandle,
  path: string,
  seen: (part: Buffer) => void,
): Promise<void> {
  await using copy = await open(path, 'wx', 0o600);
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    const part = buffer.subarray(0, bytesRead);
    seen(part);
    await copy.appendFile(part);
    at += bytesRead;
  }
  await copy.sync();
}

/** Makes a folder for `work`, and makes it again when the deletion of its last object removed it meanwhile. */
async function inFolder(folder: string, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isCode(error, 'ENOENT')) throw error;
    }
  }
}

async function assertWithin(file: FileHandle, { start, end }: ByteRange): Promise<void> {
  const { size } = await file.stat();
  if (start >= 0 && start <= end && end < size) return;
  throw new RangeError(`the bytes ${start}-${end} are not in an object of ${size} bytes`);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Makes sure that a file, or a name in a directory, outlives a power cut. */
async function flush(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
