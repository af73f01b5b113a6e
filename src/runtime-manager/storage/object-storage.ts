import type { Readable } from 'node:stream';

export interface StoredObject {
  key: string;
  sizeBytes: number;
  /** By the clock of the storage. */
  modifiedAt: Date;
}

/** Where archives are kept. Keys are paths of letters, digits, dots and hyphens. */
export interface ObjectStorage {
  /** Stores all that the stream yields, or nothing. */
  put(key: string, content: Readable): Promise<void>;
  /** Stores a text, unless the key is taken; resolves with false then. */
  create(key: string, text: string): Promise<boolean>;
  /** Throws `storage.object_missing`. */
  get(key: string): Promise<Readable>;
  copy(from: string, to: string): Promise<void>;
  /** A key that is not there is fine. */
  delete(key: string): Promise<void>;
  /** The objects below a folder, as they are found: no more than a page is held in memory. */
  list(folder: string): AsyncIterable<StoredObject>;
}
