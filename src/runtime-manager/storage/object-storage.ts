import type { Readable } from 'node:stream';

export interface StoredObject {
  key: string;
  modifiedAt: Date;
}

/** Where archives are kept. Keys are paths of letters, digits, dots and hyphens. */
export interface ObjectStorage {
  /** Stores all that the stream yields, or nothing. */
  put(key: string, content: Readable): Promise<void>;
  /** Throws `storage.object_missing`. */
  get(key: string): Promise<Readable>;
  copy(from: string, to: string): Promise<void>;
  /** What is not there is fine. */
  delete(key: string): Promise<void>;
  list(prefix: string): AsyncIterable<StoredObject>;
}
