import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

export interface StoredObject {
  key: string;
  sizeBytes: number;
  /** By the clock of the storage. */
  modifiedAt: Date;
}

/** Bytes of an object, the first and the last one included, as in HTTP. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Where archives and files are kept. Keys are paths of letters, digits, dots and hyphens. */
export interface ObjectStorage {
  /** Stores all that the stream yields, or nothing. */
  put(key: string, content: Readable): Promise<void>;
  /**
   * Stores a copy of an open file, or nothing. Each part is told to `seen` before it is stored, and may
   * not be kept; when `seen` throws, nothing is stored. Memory does not grow with the file.
   */
  putFile(key: string, file: FileHandle, seen: (part: Buffer) => void): Promise<void>;
  /** Stores a text, unless the key is taken; resolves with false then. */
  create(key: string, text: string): Promise<boolean>;
  /**
   * All of an object, or the bytes of a range, which has to lie within the object. Throws
   * `storage.object_missing`. Whoever does not read the stream to its end destroys it.
   */
  get(key: string, range?: ByteRange): Promise<Readable>;
  /** The size of an object in bytes; undefined where there is none. */
  size(key: string): Promise<number | undefined>;
  copy(from: string, to: string): Promise<void>;
  /** A key that is not there is fine. */
  delete(key: string): Promise<void>;
  /** The objects below a folder, as they are found: no more than a page is held in memory. */
  list(folder: string): AsyncIterable<StoredObject>;
}
