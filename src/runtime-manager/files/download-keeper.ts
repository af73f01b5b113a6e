import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Logger } from 'pino';
import { RuntimeError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { FileFailure, StoredFile } from './file.ts';
import type { FileStore } from './file-store.ts';
import type { FileLimits } from './storage-quota.ts';
import { mediaTypeOf } from './media-type-of.ts';
import { storeFile, tooLarge } from './store-content.ts';

/** How many downloads of a machine are stored at once: each takes memory for its buffers. */
const STORED_AT_ONCE = 4;

export interface KeeperOptions {
  store: Pick<FileStore, 'ensureNamespace' | 'finishDownload' | 'failDownload'>;
  storage: Pick<ObjectStorage, 'putFile' | 'delete'>;
  limits: FileLimits;
  log: Logger;
}

/** A download that is complete. */
export interface CompleteDownload {
  /** Of its record. */
  id: string;
  runtime: Runtime;
  name: string;
  /** Resolves when there is a record. */
  begun: Promise<void>;
  /** The caller's until then; closed when the content is stored. */
  content: FileHandle;
}

/**
 * Stores complete downloads, a few at a time, also after their runtimes and browsers are gone. Disposal
 * waits until all are stored.
 */
export class DownloadKeeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  readonly #waiting: (() => void)[] = [];
  readonly #keeping = new Set<Promise<unknown>>();
  #active = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Resolves with the file as it is recorded, or with why there is none; both are recorded. */
  keep(download: CompleteDownload): Promise<StoredFile | FileFailure> {
    const kept = this.#inTurn(() => this.#keep(download));
    this.#keeping.add(kept);
    void kept.finally(() => this.#keeping.delete(kept));
    return kept;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#keeping.size > 0) await Promise.all(this.#keeping);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active >= STORED_AT_ONCE) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#active++;
    try {
      return await work();
    } finally {
      this.#active--;
      this.#waiting.shift()?.();
    }
  }

  async #keep(download: CompleteDownload): Promise<StoredFile | FileFailure> {
    const { id, begun, content } = download;
    try {
      // Without a record it would belong to nobody.
      await begun;
      const kept = await this.#store(download);
      if (kept === 'quota_exceeded') return await this.#fail(id, 'storage.quota_exceeded');
      // Undefined: its record is gone, or says that this node was taken for lost.
      return kept ?? 'download.cut_off';
    } catch (error) {
      const isLarge = error instanceof RuntimeError && error.code === 'file.too_large';
      if (!isLarge) this.#options.log.error({ err: error }, 'a download could not be stored');
      return await this.#fail(id, isLarge ? 'file.too_large' : 'storage.failed');
    } finally {
      await content.close();
    }
  }

  async #store({ id, runtime, name, content }: CompleteDownload) {
    const { store, storage, limits } = this.#options;
    const { organizationId, storageWorkspace, alias } = runtime;
    const mostBytes = limits.fileBytes;
    if ((await content.stat()).size > mostBytes) throw tooLarge(mostBytes);
    const stored = await storeFile(storage, content, { organizationId, mostBytes });
    const namespace =
      storageWorkspace === undefined
        ? undefined
        : await store.ensureNamespace(organizationId, storageWorkspace);
    const kept = await store.finishDownload(
      id,
      { ...stored, contentType: mediaTypeOf(name) },
      {
        namespaceId: namespace?.id,
        path: namespace ? posix.join(alias, name) : name,
        mostBytes: limits.organizationBytes,
      },
    );
    if (kept === undefined || kept === 'quota_exceeded') await storage.delete(stored.key);
    return kept;
  }

  async #fail(id: string, failure: FileFailure): Promise<FileFailure> {
    await this.#options.store.failDownload(id, failure);
    return failure;
  }
}
