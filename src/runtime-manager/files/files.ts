import type { Readable } from 'node:stream';
import { RuntimeError } from '../errors.ts';
import type { Actor } from '../runtime/actor.ts';
import type { ByteRange, ObjectStorage } from '../storage/object-storage.ts';
import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { StorageNamespace, StoredFile } from './file.ts';
import { assertContent, fileNotFound, namespaceNotFound, pathInUse } from './file-errors.ts';
import { FileIntake, type Announced, type Receive, type UploadRequest } from './file-intake.ts';
import type { FileMetrics } from './file-metrics.ts';
import type { FileRange, FileStore } from './file-store.ts';
import { StorageQuotas, type FileLimits, type StorageQuota } from './storage-quota.ts';
import { zipFiles } from './zip-files.ts';

/** How many files one statement removes. */
const BATCH = 500;

export interface FilesOptions {
  store: FileStore;
  storage: Pick<ObjectStorage, 'put' | 'get' | 'delete'>;
  limits: FileLimits;
  metrics: Pick<FileMetrics, 'stored'>;
  /** Has what nobody keeps any more removed. */
  removal: { soon: () => void };
}

/** A file, and the name of the namespace that it is in. */
export type SharedFile = StoredFile & { namespace: string };

/** A file, or a folder with its slash that files are in. */
export type SharedEntry = { file: SharedFile } | { folder: string };

/**
 * The storage namespaces of organizations, and the files in them. In every method `ref` is a
 * namespace's id or name. An actor that is limited to workspaces sees the namespaces that these
 * mount. Methods throw `storage.namespace_not_found` or `file.not_found` for what does not exist for
 * the actor.
 */
export class Files {
  readonly #options: FilesOptions;
  readonly #quotas: StorageQuotas;
  readonly #intake: FileIntake;

  constructor(options: FilesOptions) {
    this.#options = options;
    this.#quotas = new StorageQuotas(options);
    this.#intake = new FileIntake({ ...options, quotas: this.#quotas });
  }

  /** Throws `storage.name_in_use`, and `auth.forbidden` for an actor that is limited to workspaces. */
  async createNamespace(actor: Actor, name: string): Promise<StorageNamespace> {
    assertUnlimited(actor);
    const made = await this.#options.store.insertNamespace(actor.organizationId, name);
    if (made) return made;
    throw new RuntimeError(
      'storage.name_in_use',
      `Another storage namespace already has the name ${name}.`,
    );
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

  quota({ organizationId }: Actor): Promise<StorageQuota> {
    return this.#quotas.of(organizationId);
  }

  /**
   * Makes sure that a namespace exists which a workspace is to mount. Throws `auth.forbidden` for one
   * that exists, and did not for the actor: mounting it would show it.
   */
  async ensureNamespace(actor: Actor, name: string): Promise<void> {
    const { store } = this.#options;
    const { organizationId, workspaceIds } = actor;
    if (await store.findNamespace(actor, name)) return;
    if (!workspaceIds) await store.ensureNamespace(organizationId, name);
    else if (!(await store.insertNamespace(organizationId, name))) throw notMountable();
  }

  /**
   * Stores a file as its content arrives. Throws `file.path_in_use`, `file.too_large`,
   * `storage.quota_exceeded`, or what the content fails with.
   */
  async upload(
    actor: Actor,
    ref: string,
    request: UploadRequest & Announced,
    content: Readable,
  ): Promise<SharedFile> {
    const { path, isReplacing } = request;
    const namespace = await this.getNamespace(actor, ref);
    if (!isReplacing && (await this.#options.store.findByPath(namespace.id, path))) {
      throw pathInUse(path);
    }
    const taken = await this.#intake.take(namespace, request, async (store) => {
      await store(content);
      return request;
    });
    return inNamespace(namespace)(taken);
  }

  /** As `upload`, where what is said of a file comes together with its content, or after it. */
  async receive(
    actor: Actor,
    ref: string,
    announced: Announced,
    receive: Receive,
  ): Promise<SharedFile> {
    const namespace = await this.getNamespace(actor, ref);
    return inNamespace(namespace)(await this.#intake.take(namespace, announced, receive));
  }

  /** In the order of their paths' bytes. */
  async list(actor: Actor, ref: string, range: FileRange): Promise<SharedFile[]> {
    const namespace = await this.getNamespace(actor, ref);
    const files = await this.#options.store.list(namespace.id, range);
    return files.map(inNamespace(namespace));
  }

  /** The files directly in the folder that a prefix names, and the folders in it. */
  async listFolder(actor: Actor, ref: string, range: FileRange): Promise<SharedEntry[]> {
    const namespace = await this.getNamespace(actor, ref);
    const entries = await this.#options.store.listFolder(namespace.id, range);
    const named = inNamespace(namespace);
    return entries.map((entry) => ('file' in entry ? { file: named(entry.file) } : entry));
  }

  async get(actor: Actor, ref: string, id: string): Promise<SharedFile> {
    const namespace = await this.getNamespace(actor, ref);
    const found = await this.#options.store.find(actor.organizationId, id);
    if (found?.namespaceId === namespace.id) return inNamespace(namespace)(found);
    throw fileNotFound();
  }

  /** All files whose paths begin with a prefix; `open` begins to make a zip of them. */
  async zip(
    actor: Actor,
    ref: string,
    prefix: string,
  ): Promise<{ namespace: StorageNamespace; open: () => Readable }> {
    const namespace = await this.getNamespace(actor, ref);
    const range = { prefix, after: undefined, limit: 1 };
    const [first] = await this.#options.store.list(namespace.id, range);
    if (!first)
      throw new RuntimeError('file.not_found', 'No file has a path that begins with this prefix.');
    return { namespace, open: () => zipFiles(this.#options, namespace.id, prefix) };
  }

  /** The content of a stored file, or a part of it. Throws `file.no_content`. */
  async open(file: StoredFile, range?: ByteRange): Promise<Readable> {
    assertContent(file);
    return this.#options.storage.get(file.key, range);
  }

  /** Gives a file another path, in the same namespace or another one. Throws `file.path_in_use`. */
  async move(
    actor: Actor,
    { ref, id }: { ref: string; id: string },
    to: { namespace?: string | undefined; path?: string | undefined },
  ): Promise<SharedFile> {
    const file = await this.get(actor, ref, id);
    const target = await this.getNamespace(actor, to.namespace ?? ref);
    const path = to.path ?? file.path;
    const where = { namespaceId: target.id, path };
    const moved = await this.#options.store.move(actor.organizationId, file.id, where);
    if (moved === 'path_in_use') throw pathInUse(path);
    if (moved === 'no_namespace') throw namespaceNotFound();
    if (moved === 'absent') throw fileNotFound();
    return inNamespace(target)(moved);
  }

  /** Resolves with the file as it was. */
  async delete(actor: Actor, ref: string, id: string): Promise<SharedFile> {
    const { store, removal } = this.#options;
    const file = await this.get(actor, ref, id);
    if (!(await store.remove(actor.organizationId, file.id))) throw fileNotFound();
    removal.soon();
    return file;
  }
}

/** A namespace that is made or deleted may be anybody's in the organization. */
function assertUnlimited({ workspaceIds }: Actor): void {
  if (!workspaceIds) return;
  const message = 'A caller that is limited to workspaces cannot create or delete namespaces.';
  throw new RuntimeError('auth.forbidden', message);
}

function notMountable(): RuntimeError {
  const message = 'A caller that is limited to workspaces cannot mount a namespace of others.';
  return new RuntimeError('auth.forbidden', message);
}

function inNamespace({ name: namespace }: StorageNamespace): (file: StoredFile) => SharedFile {
  return (file) => ({ ...file, namespace });
}
