import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { RuntimeError } from '../errors.ts';
import type { Actor } from '../runtime/actor.ts';
import type { ByteRange, ObjectStorage } from '../storage/object-storage.ts';
import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { FileSource, StorageNamespace, StoredFile } from './file.ts';
import type { FileMetrics } from './file-metrics.ts';
import type { FileEntry, FileRange, FileStore } from './file-store.ts';
import { storeContent, tooLarge } from './store-content.ts';

/** How many files one statement removes. */
const BATCH = 500;

/** How large files may be, each and together. */
export interface FileLimits {
  fileBytes: number;
  /** Of an organization that has no limit of its own. */
  organizationBytes: number;
}

export interface FilesOptions {
  store: FileStore;
  storage: Pick<ObjectStorage, 'put' | 'get' | 'delete'>;
  limits: FileLimits;
  metrics: Pick<FileMetrics, 'stored'>;
  /** Has what nobody keeps any more removed. */
  removal: { soon: () => void };
}

/** What is said of a file before its content. */
export interface UploadRequest {
  path: string;
  contentType: string;
  source?: FileSource | undefined;
  /** Whether it may take the place of another one. */
  isReplacing: boolean;
  /** How many bytes will come, if that is known. */
  sizeBytes?: number | undefined;
}

/** How much an organization has, and may have. */
export interface StorageQuota {
  usedBytes: number;
  limitBytes: number;
}

/**
 * The storage namespaces of organizations, and the files in them. In every method `ref` is a
 * namespace's id or name. An actor that is limited to workspaces sees the namespaces that these
 * mount. Methods throw `storage.namespace_not_found` or `file.not_found` for what does not exist for
 * the actor.
 */
export class Files {
  readonly #options: FilesOptions;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  /** Throws `storage.name_in_use`, and `auth.forbidden` for an actor that is limited to workspaces. */
  async createNamespace(actor: Actor, name: string): Promise<StorageNamespace> {
    assertUnlimited(actor);
    const made = await this.#options.store.insertNamespace(actor.organizationId, name);
    if (made) return made;
    throw new RuntimeError('storage.name_in_use', `A storage namespace has the name ${name}.`);
  }

  async getNamespace(actor: Actor, ref: string): Promise<StorageNamespace> {
    const found = await this.#options.store.findNamespace(actor, ref);
    if (found) return found;
    throw namespaceNotFound();
  }

  /** Newest first. */
  listNamespaces(actor: Actor, page: PageRequest): Promise<Page<StorageNamespace>> {
    return this.#options.store.listNamespaces(actor, page);
  }

  /**
   * Resolves with the namespace as it was. Throws `storage.not_empty`, unless `force` removes the
   * files first, and `auth.forbidden` for an actor that is limited to workspaces.
   */
  async deleteNamespace(
    actor: Actor,
    ref: string,
    { force }: { force: boolean },
  ): Promise<StorageNamespace> {
    assertUnlimited(actor);
    const { store, removal } = this.#options;
    const namespace = await this.getNamespace(actor, ref);
    if (force) {
      while ((await store.removeAll(namespace.id, BATCH)) === BATCH);
      removal.soon();
    }
    const removed = await store.removeNamespace(actor.organizationId, namespace.id);
    if (removed === 'removed') return namespace;
    if (removed === 'not_empty') {
      throw new RuntimeError('storage.not_empty', 'The storage namespace has files.');
    }
    throw namespaceNotFound();
  }

  async quota({ organizationId }: Actor): Promise<StorageQuota> {
    const { store, limits } = this.#options;
    const { usedBytes, ownLimitBytes } = await store.usage(organizationId);
    return { usedBytes, limitBytes: ownLimitBytes ?? limits.organizationBytes };
  }

  /**
   * Stores a file as its content arrives. Throws `file.path_in_use`, `file.too_large`,
   * `storage.quota_exceeded`, or what the content fails with.
   */
  async upload(
    actor: Actor,
    ref: string,
    request: UploadRequest,
    content: Readable,
  ): Promise<StoredFile> {
    const { store, storage, limits } = this.#options;
    const { organizationId } = actor;
    const { path, contentType, source = 'upload', isReplacing } = request;
    const namespace = await this.getNamespace(actor, ref);
    await this.#assertRoom(actor, request.sizeBytes ?? 0);
    if (!isReplacing && (await store.findByPath(namespace.id, path))) throw pathInUse(path);
    const mostBytes = limits.fileBytes;
    const stored = await storeContent(storage, content, { organizationId, mostBytes });
    const about = { id: randomUUID(), organizationId, namespaceId: namespace.id };
    const how = { isReplacing, mostBytes: limits.organizationBytes };
    const made = await store.insert({ ...about, path, contentType, source, ...stored }, how);
    if (typeof made !== 'string') {
      this.#options.metrics.stored(source, made.sizeBytes);
      if (isReplacing) this.#options.removal.soon();
      return made;
    }
    await storage.delete(stored.key);
    if (made === 'no_namespace') throw namespaceNotFound();
    throw made === 'path_in_use' ? pathInUse(path) : await this.#exceeded(actor);
  }

  /** In the order of their paths' bytes. */
  async list(actor: Actor, ref: string, range: FileRange): Promise<StoredFile[]> {
    const { id } = await this.getNamespace(actor, ref);
    return this.#options.store.list(id, range);
  }

  /** The files directly below a prefix, and the folders there. */
  async listFolder(actor: Actor, ref: string, range: FileRange): Promise<FileEntry[]> {
    const { id } = await this.getNamespace(actor, ref);
    return this.#options.store.listFolder(id, range);
  }

  async get(actor: Actor, ref: string, id: string): Promise<StoredFile> {
    const namespace = await this.getNamespace(actor, ref);
    const found = await this.#options.store.find(actor.organizationId, id);
    if (found?.namespaceId === namespace.id) return found;
    throw fileNotFound();
  }

  /** The content of a stored file, or a part of it. Throws `file.no_content`. */
  open({ key, state }: StoredFile, range?: ByteRange): Promise<Readable> {
    if (key !== undefined && state === 'stored') return this.#options.storage.get(key, range);
    const why = state === 'failed' ? 'The file did not arrive.' : 'The file is still arriving.';
    throw new RuntimeError('file.no_content', why);
  }

  /** Gives a file another path, in the same namespace or another one. Throws `file.path_in_use`. */
  async move(
    actor: Actor,
    { ref, id }: { ref: string; id: string },
    to: { namespace?: string | undefined; path?: string | undefined },
  ): Promise<StoredFile> {
    const file = await this.get(actor, ref, id);
    const target = await this.getNamespace(actor, to.namespace ?? ref);
    const path = to.path ?? file.path;
    const moved = await this.#options.store.move(actor.organizationId, file.id, {
      namespaceId: target.id,
      path,
    });
    if (moved === 'path_in_use') throw pathInUse(path);
    if (moved === 'no_namespace') throw namespaceNotFound();
    if (moved === 'absent') throw fileNotFound();
    return moved;
  }

  /** Resolves with the file as it was. */
  async delete(actor: Actor, ref: string, id: string): Promise<StoredFile> {
    const { store, removal } = this.#options;
    const file = await this.get(actor, ref, id);
    if (!(await store.remove(actor.organizationId, file.id))) throw fileNotFound();
    removal.soon();
    return file;
  }

  /** Refuses what cannot fit before it is sent. */
  async #assertRoom(actor: Actor, sizeBytes: number): Promise<void> {
    const { fileBytes } = this.#options.limits;
    if (sizeBytes > fileBytes) throw tooLarge(fileBytes);
    const { usedBytes, limitBytes } = await this.quota(actor);
    if (usedBytes + sizeBytes > limitBytes) throw await this.#exceeded(actor);
  }

  async #exceeded(actor: Actor): Promise<RuntimeError> {
    const details = { ...(await this.quota(actor)) };
    const message = 'The organization has no room for the file.';
    return new RuntimeError('storage.quota_exceeded', message, { details });
  }
}

/** A namespace that is made or deleted may be anybody's in the organization. */
function assertUnlimited({ workspaceIds }: Actor): void {
  if (!workspaceIds) return;
  const message = 'A caller that is limited to workspaces cannot create or delete namespaces.';
  throw new RuntimeError('auth.forbidden', message);
}

function namespaceNotFound(): RuntimeError {
  return new RuntimeError('storage.namespace_not_found', 'There is no such storage namespace.');
}

function fileNotFound(): RuntimeError {
  return new RuntimeError('file.not_found', 'There is no such file.');
}

function pathInUse(path: string): RuntimeError {
  return new RuntimeError('file.path_in_use', `A file has the path ${path}.`);
}
