import { randomUUID } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RuntimeError } from '../errors.ts';
import type { ObjectStorage, StoredObject } from './object-storage.ts';

/** Not yet objects. */
const UNFINISHED = '.unfinished';

/** Objects as files below a directory: written beside, flushed to the disk, and renamed in. */
export class LocalStorage implements ObjectStorage {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** What was being written when the service last ended is removed. */
  static async open(directory: string): Promise<LocalStorage> {
    await rm(join(directory, UNFINISHED), { recursive: true, force: true });
    await mkdir(join(directory, UNFINISHED), { recursive: true, mode: 0o700 });
    return new LocalStorage(directory);
  }

  async put(key: string, content: Readable): Promise<void> {
    await this.#place(key, async (path) => {
      await pipeline(content, createWriteStream(path, { mode: 0o600, flush: true }));
    });
  }

  async get(key: string): Promise<Readable> {
    const path = join(this.#directory, key);
    try {
      const file = await open(path);
      return file.createReadStream({ highWaterMark: 256 * 1024 });
    } catch (cause) {
      throw new RuntimeError('storage.object_missing', 'A stored file is missing.', { cause });
    }
  }

  async copy(from: string, to: string): Promise<void> {
    await this.#place(to, async (path) => {
      await copyFile(join(this.#directory, from), path, constants.COPYFILE_FICLONE);
      await flush(path);
    });
  }

  async delete(key: string): Promise<void> {
    await rm(join(this.#directory, key), { force: true });
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    const directory = join(this.#directory, prefix);
    const names = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of names) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const found = await stat(path).catch(() => undefined);
      if (found) yield { key: relative(this.#directory, path), modifiedAt: found.mtime };
    }
  }

  async #place(key: string, write: (path: string) => Promise<void>): Promise<void> {
    const unfinished = join(this.#directory, UNFINISHED, randomUUID());
    const path = join(this.#directory, key);
    try {
      await write(unfinished);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rename(unfinished, path);
      await flush(dirname(path));
    } finally {
      await rm(unfinished, { force: true });
    }
  }
}

/** That a file, or a name in a directory, is there also after the power fails. */
async function flush(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
