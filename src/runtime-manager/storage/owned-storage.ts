import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { ByteRange, ObjectStorage, StoredObject } from './object-storage.ts';
import type { StorageOwner } from './storage-owner.ts';

const BELIEVED_MS = 60_000;

/**
 * A storage that deletes nothing unless it is ours: a service on a copy of a database leaves the
 * objects of the original alone. An object that stays for this reason is an orphan, which the
 * owner's sweep removes.
 */
export class OwnedStorage implements ObjectStorage {
  readonly #storage: ObjectStorage;
  readonly #owner: StorageOwner;
  #known: { isOurs: boolean; until: number } | undefined;

  constructor(storage: ObjectStorage, owner: StorageOwner) {
    this.#storage = storage;
    this.#owner = owner;
  }

  async delete(key: string): Promise<void> {
    if (await this.#isOurs()) await this.#storage.delete(key);
  }

  async #isOurs(): Promise<boolean> {
    if (!this.#known || performance.now() >= this.#known.until) {
      const isOurs = (await this.#owner.claim()) === 'ours';
      this.#known = { isOurs, until: performance.now() + BELIEVED_MS };
    }
    return this.#known.isOurs;
  }

  put(key: string, content: Readable): Promise<void> {
    return this.#storage.put(key, content);
  }

  putFile(key: string, file: FileHandle, seen: (part: Buffer) => void): Promise<void> {
    return this.#storage.putFile(key, file, seen);
  }

  create(key: string, text: string): Promise<boolean> {
    return this.#storage.create(key, text);
  }

  get(key: string, range?: ByteRange): Promise<Readable> {
    return this.#storage.get(key, range);
  }

  size(key: string): Promise<number | undefined> {
    return this.#storage.size(key);
  }

  copy(from: string, to: string): Promise<void> {
    return this.#storage.copy(from, to);
  }

  list(folder: string): AsyncIterable<StoredObject> {
    return this.#storage.list(folder);
  }
}
