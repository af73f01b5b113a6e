import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { RuntimeError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { retry } from '../timing/retry.ts';
import { Turns } from '../timing/turns.ts';
import type { FileFailure, StoredFile } from './file.ts';
import type { FileStore } from './file-store.ts';
import { StorageQuotas, type FileLimits } from './storage-quota.ts';
import { mediaTypeOf } from './media-type-of.ts';
import { storeContent, storeFile } from './store-content.ts';

/** How many downloads of a machine are stored at once: each takes memory for its buffers. */
const STORED_AT_ONCE = 4;
const RETRY_DELAYS = { minMs: 100, maxMs: 5000 };
/** How long the database may be away: others wait for their turn meanwhile. */
const AWAY_MS = 120_000;

export interface KeeperOptions {
  store: Pick<FileStore, 'ensureNamespace' | 'finishDownload' | 'failDownload' | 'usage'>;
  storage: Pick<ObjectStorage, 'put' | 'putFile' | 'delete'>;
  limits: FileLimits;
  log: Logger;
}

/** The record of a download that began. */
export interface BegunRecord {
  id: string;
  /** Resolves when it is there, and rejects when the database was away. */
  begun: Promise<void>;
  /** Makes it, unless it is there. */
  record: () => Promise<void>;
}

/** A download that is complete, or another file of a runtime. */
export interface CompleteDownload extends BegunRecord {
  runtime: Runtime;
  name: string;
  /** An open file is the caller's until then; it is closed when the content is stored. */
  content: FileHandle | Buffer;
}

/**
 * Stores complete downloads, a few at a time, also after their runtimes and browsers are gone. Disposal
 * waits until all are stored.
 */
export class DownloadKeeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  readonly #quotas: StorageQuotas;
  readonly #turns = new Turns(STORED_AT_ONCE);
  readonly #keeping = new Set<Promise<unknown>>();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#quotas = new StorageQuotas(options);
  }

  /**
   * Resolves with the file as it is recorded, or with why there is none; both are recorded, as long as
   * the database is not away for long. Never rejects.
   */
  keep(download: CompleteDownload): Promise<StoredFile | FileFailure> {
    return this.#untilOver(this.#turns.take(() => this.#keep(download)));
  }

  /** Records why there is no file, as `keep` does, and resolves with it. */
  fail(download: BegunRecord, failure: FileFailure): Promise<FileFailure> {
    return this.#untilOver(this.#fail(download, failure));
  }

  #untilOver<T>(work: Promise<T>): Promise<T> {
    this.#keeping.add(work);
    void work.finally(() => this.#keeping.delete(work));
    return work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#keeping.size > 0) await Promise.all(this.#keeping);
  }

  async #keep(download: CompleteDownload): Promise<StoredFile | FileFailure> {
    const { content } = download;
    try {
      // Without a record it would belong to nobody.
      await this.#recordOf(download);
      const kept = await this.#store(download);
      if (kept === 'quota_exceeded') return await this.#fail(download, 'storage.quota_exceeded');
      // Undefined: its record is gone, or says that this node was taken for lost.
      return kept ?? 'download.cut_off';
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'storage.failed') {
        this.#options.log.error({ err: error }, 'a download could not be stored');
      }
      return await this.#fail(download, failure);
    } finally {
      if (!Buffer.isBuffer(content)) await content.close().catch(() => undefined);
    }
  }

  #recordOf({ begun, record }: BegunRecord): Promise<void> {
    return begun.catch(() => this.#written(record));
  }

  /** Has the database carry something out that it may have carried out already. */
  #written<T>(write: () => Promise<T>): Promise<T> {
    return this.#whileAway(write, (error) => !(error instanceof RuntimeError));
  }

  #whileAway<T>(work: () => Promise<T>, isAway: (error: unknown) => boolean): Promise<T> {
    return retry(work, {
      ...RETRY_DELAYS,
      signal: AbortSignal.timeout(AWAY_MS),
      onFailure: (err) => {
        if (!isAway(err)) throw err;
        this.#options.log.error({ err }, 'a download could not be stored or recorded yet');
      },
    });
  }

  async #store({ id, runtime, name, content }: CompleteDownload) {
    const { store, storage, limits } = this.#options;
    const { organizationId, storageWorkspace, alias } = runtime;
    const size = Buffer.isBuffer(content) ? content.length : (await content.stat()).size;
    // What has no room is not stored first.
    await this.#written(() => this.#quotas.room(organizationId, size));
    const mostBytes = limits.fileBytes;
    const stored = await this.#whileAway(
      () =>
        Buffer.isBuffer(content)
          ? storeContent(storage, Readable.from([content]), { organizationId, mostBytes })
          : storeFile(storage, content, { organizationId, mostBytes }),
      isUnavailable,
    );
    const kept = await this.#written(async () => {
      const namespace =
        storageWorkspace === undefined
          ? undefined
          : await store.ensureNamespace(organizationId, storageWorkspace);
      return store.finishDownload(
        id,
        { ...stored, contentType: mediaTypeOf(name) },
        {
          namespaceId: namespace?.id,
          path: namespace ? posix.join(alias, name) : name,
          mostBytes: limits.organizationBytes,
        },
      );
    });
    if (kept === undefined || kept === 'quota_exceeded') {
      // What stays all the same is swept.
      await storage.delete(stored.key).catch(() => undefined);
    }
    return kept;
  }

  async #fail(download: BegunRecord, failure: FileFailure): Promise<FileFailure> {
    const { store, log } = this.#options;
    try {
      await this.#recordOf(download);
      await this.#written(() => store.failDownload(download.id, failure));
    } catch (err) {
      // The next start of the service finds it arriving, and fails it.
      log.error({ err }, 'the failure of a download could not be recorded');
    }
    return failure;
  }
}

function failureOf(error: unknown): FileFailure {
  const code = error instanceof RuntimeError ? error.code : undefined;
  const isLimit = code === 'file.too_large' || code === 'storage.quota_exceeded';
  return isLimit ? code : 'storage.failed';
}

function isUnavailable(error: unknown): boolean {
  return error instanceof RuntimeError && error.code === 'service.unavailable';
}
