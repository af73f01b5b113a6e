import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { RuntimeError } from '../errors.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { FileSource, StorageNamespace, StoredContent, StoredFile } from './file.ts';
import { namespaceNotFound, pathInUse } from './file-errors.ts';
import type { FileMetrics } from './file-metrics.ts';
import type { FileStore } from './file-store.ts';
import type { FileLimits, StorageQuotas } from './storage-quota.ts';
import { storeContent } from './store-content.ts';

/** What is said of a file. */
export interface UploadRequest {
  path: string;
  contentType: string;
  source?: FileSource | undefined;
  /** Whether it may take the place of another one. */
  isReplacing: boolean;
}

/** What is said of content before it comes. */
export interface Announced {
  /** How many bytes will come, at least; undefined: nobody knows. */
  sizeBytes?: number | undefined;
}

/**
 * Hands the content of one file to `store`, whenever it comes, and resolves with what is said of the
 * file once everything has come.
 */
export type Receive = (store: (content: Readable) => Promise<void>) => Promise<UploadRequest>;

export interface FileIntakeOptions {
  store: Pick<FileStore, 'insert'>;
  storage: Pick<ObjectStorage, 'put' | 'delete'>;
  limits: FileLimits;
  quotas: StorageQuotas;
  metrics: Pick<FileMetrics, 'stored'>;
  /** Has what nobody keeps any more removed. */
  removal: { soon: () => void };
}

/** Stores the content of files as it comes, and then records them. */
export class FileIntake {
  readonly #options: FileIntakeOptions;

  constructor(options: FileIntakeOptions) {
    this.#options = options;
  }

  /**
   * Takes a file into a namespace. Throws `file.path_in_use`, `file.too_large`,
   * `storage.quota_exceeded`, `storage.namespace_not_found` if the namespace went meanwhile, or what
   * `receive` throws.
   */
  async take(
    { organizationId, id: namespaceId }: StorageNamespace,
    { sizeBytes = 0 }: Announced,
    receive: Receive,
  ): Promise<StoredFile> {
    const roomBytes = await this.#options.quotas.room(organizationId, sizeBytes);
    const stored: { content?: StoredContent } = {};
    let request: UploadRequest;
    try {
      request = await receive(async (content) => {
        stored.content = await this.#store(organizationId, content, roomBytes);
      });
    } catch (error) {
      await this.#discard(stored.content);
      throw error;
    }
    if (!stored.content) throw new Error('no content was stored');
    const owner = { id: randomUUID(), organizationId, namespaceId };
    return this.#record(owner, request, stored.content);
  }

  /** Ends as soon as the organization has no room for more. */
  async #store(
    organizationId: string,
    content: Readable,
    roomBytes: number,
  ): Promise<StoredContent> {
    const { storage, limits, quotas } = this.#options;
    const mostBytes = Math.min(roomBytes, limits.fileBytes);
    try {
      return await storeContent(storage, content, { organizationId, mostBytes });
    } catch (error) {
      const isTooLarge = error instanceof RuntimeError && error.code === 'file.too_large';
      if (!isTooLarge || roomBytes >= limits.fileBytes) throw error;
      throw await quotas.exceeded(organizationId);
    }
  }

  async #record(
    owner: { id: string; organizationId: string; namespaceId: string },
    { isReplacing, source = 'upload', ...said }: UploadRequest,
    content: StoredContent,
  ): Promise<StoredFile> {
    const { store, limits, metrics, quotas, removal } = this.#options;
    const { path, contentType } = said;
    const how = { isReplacing, mostBytes: limits.organizationBytes };
    // If this fails nobody knows whether the file is recorded, so the content stays.
    const made = await store.insert({ ...owner, path, contentType, source, ...content }, how);
    if (typeof made !== 'string') {
      metrics.stored(source, made.sizeBytes);
      if (isReplacing) removal.soon();
      return made;
    }
    await this.#discard(content);
    if (made === 'no_namespace') throw namespaceNotFound();
    throw made === 'path_in_use' ? pathInUse(path) : await quotas.exceeded(owner.organizationId);
  }

  /** What stays all the same is an orphan, which is swept. */
  async #discard(content: StoredContent | undefined): Promise<void> {
    if (content) await this.#options.storage.delete(content.key).catch(() => undefined);
  }
}
