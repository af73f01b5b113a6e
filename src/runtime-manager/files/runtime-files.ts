import type { Readable } from 'node:stream';
import { RuntimeError } from '../errors.ts';
import type { RuntimeManager } from '../manager.ts';
import type { Actor } from '../runtime/actor.ts';
import { statusOf } from '../runtime/lifecycle.ts';
import type { Page, PageRequest, Runtime } from '../runtime/runtime.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import { downloadProgress, stageFile, type DownloadProgress } from './download-verbs.ts';
import type { StoredContent, StoredFile } from './file.ts';
import type { FileStore } from './file-store.ts';
import { assertContent, fileNotFound } from './file-errors.ts';
import type { Files } from './files.ts';
import type { FileLimits } from './storage-quota.ts';
import { storeContent } from './store-content.ts';

/** How long the list of files waits to hear how far downloads are. */
const PROGRESS_MS = 1000;

export interface RuntimeFilesOptions {
  runtimes: Pick<RuntimeManager, 'get' | 'getActive' | 'call'>;
  store: Pick<FileStore, 'find' | 'findByPath' | 'findNamespace' | 'listOfRuntime' | 'remove'>;
  files: Pick<Files, 'getNamespace'>;
  storage: Pick<ObjectStorage, 'put' | 'delete'>;
  limits: FileLimits;
  removal: { soon: () => void };
}

/** Where a runtime is. */
export interface RuntimePlace {
  /** An id or a name. */
  workspace: string;
  /** An id or an alias. */
  ref: string;
}

/** A file, and the name of the namespace that it is in. */
export type RuntimeFile = StoredFile & { namespace: string | undefined };

/** The files of a runtime, and how far those are that still arrive. */
export interface RuntimeFilePage extends Page<RuntimeFile> {
  progress: DownloadProgress;
}

/** Hands the content of one file to `store`, and resolves with the name of the file. */
export type ReceiveNamed = (store: (content: Readable) => Promise<void>) => Promise<string>;

/** A stored file, by its id or by where it is. */
export type FileReference = { fileId: string } | { namespace: string; path: string };

/** A file that a page of a runtime can be given. */
export interface StagedFile {
  /** The path that every driver takes for it. */
  path: string;
  name: string;
  sizeBytes: number;
}

/**
 * The files of runtimes: what their browsers download, and what their pages are given. Methods throw
 * `workspace.not_found`, `runtime.not_found` or `file.not_found` for what does not exist for the actor.
 */
export class RuntimeFiles {
  readonly #options: RuntimeFilesOptions;

  constructor(options: RuntimeFilesOptions) {
    this.#options = options;
  }

  /** All that came from a runtime, newest first, also what is in a namespace by now. */
  async list(
    actor: Actor,
    { workspace, ref }: RuntimePlace,
    page: PageRequest,
  ): Promise<RuntimeFilePage> {
    const { runtimes, store } = this.#options;
    const runtime = await runtimes.get(actor, workspace, ref);
    const listed = await store.listOfRuntime(actor.organizationId, runtime.id, page);
    const isArriving = listed.items.some(({ state }) => state === 'arriving');
    const progress = isArriving ? await this.#progressOf(runtime) : {};
    return { ...listed, items: await this.#named(actor, listed.items), progress };
  }

  async get(actor: Actor, { workspace, ref }: RuntimePlace, id: string): Promise<RuntimeFile> {
    const { runtimes, store } = this.#options;
    const runtime = await runtimes.get(actor, workspace, ref);
    const found = await store.find(actor.organizationId, id);
    const [file] = found?.runtimeId === runtime.id ? await this.#named(actor, [found]) : [];
    if (file) return file;
    throw fileNotFound();
  }

  /** Resolves with the file as it was. Throws `file.no_content` while it arrives. */
  async delete(actor: Actor, place: RuntimePlace, id: string): Promise<RuntimeFile> {
    const { store, removal } = this.#options;
    const file = await this.get(actor, place, id);
    if (!(await store.remove(actor.organizationId, file.id))) {
      throw new RuntimeError('file.no_content', 'The file is still arriving.');
    }
    removal.soon();
    return file;
  }

  /**
   * Gives a runtime content that arrives now. Throws `file.too_large`, `runtime.not_active`, or what
   * `receive` throws.
   */
  async stage(
    actor: Actor,
    { workspace, ref }: RuntimePlace,
    receive: ReceiveNamed,
    signal: AbortSignal,
  ): Promise<StagedFile> {
    const { runtimes, storage, limits } = this.#options;
    const { organizationId } = actor;
    const runtime = await runtimes.getActive(actor, workspace, ref);
    let stored: StoredContent | undefined;
    try {
      const name = await receive(async (content) => {
        // No record names it: when this process ends before it is deleted, the sweep finds it.
        const owner = { organizationId, mostBytes: limits.fileBytes };
        stored = await storeContent(storage, content, owner);
      });
      if (!stored) throw new Error('there was no content');
      return await this.#give(runtime, { name, ...stored }, signal);
    } finally {
      // What stays all the same is swept.
      if (stored) await storage.delete(stored.key).catch(() => undefined);
    }
  }

  /** Gives a runtime a stored file. Throws `file.no_content`, `file.too_large`, `runtime.not_active`. */
  async stageStored(
    actor: Actor,
    { workspace, ref }: RuntimePlace,
    source: FileReference,
    signal: AbortSignal,
  ): Promise<StagedFile> {
    const runtime = await this.#options.runtimes.getActive(actor, workspace, ref);
    const file = await this.#find(actor, workspace, source);
    assertContent(file);
    const { path, key, sizeBytes } = file;
    const name = path.slice(path.lastIndexOf('/') + 1);
    return this.#give(runtime, { name, key, sizeBytes }, signal);
  }

  /** Files of one runtime are mostly in one namespace. */
  async #named({ organizationId }: Actor, found: readonly StoredFile[]): Promise<RuntimeFile[]> {
    const { store } = this.#options;
    const ids = new Set(found.flatMap(({ namespaceId }) => namespaceId ?? []));
    const names = new Map<string | undefined, string>();
    for (const id of ids) {
      const namespace = await store.findNamespace({ organizationId, workspaceIds: undefined }, id);
      if (namespace) names.set(id, namespace.name);
    }
    return found.map((file) => ({ ...file, namespace: names.get(file.namespaceId) }));
  }

  /** Of this workspace's runtimes, or in a namespace that the actor sees. */
  async #find(actor: Actor, workspace: string, source: FileReference): Promise<StoredFile> {
    const { store, files } = this.#options;
    if ('path' in source) {
      const { id } = await files.getNamespace(actor, source.namespace);
      const found = await store.findByPath(id, source.path);
      if (found) return found;
      throw fileNotFound();
    }
    const found = await store.find(actor.organizationId, source.fileId);
    if (found && (await this.#isSeen(actor, workspace, found))) return found;
    throw fileNotFound();
  }

  /** Whoever does not see where a file is does not learn that it is there. */
  async #isSeen(actor: Actor, workspace: string, file: StoredFile): Promise<boolean> {
    const { store, runtimes } = this.#options;
    const { namespaceId, runtimeId } = file;
    if (namespaceId !== undefined) return !!(await store.findNamespace(actor, namespaceId));
    if (runtimeId === undefined) return false;
    try {
      await runtimes.get(actor, workspace, runtimeId);
      return true;
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'runtime.not_found') return false;
      throw error;
    }
  }

  async #give(
    runtime: Runtime,
    { name, key, sizeBytes }: Pick<StoredContent, 'key' | 'sizeBytes'> & { name: string },
    signal: AbortSignal,
  ): Promise<StagedFile> {
    const message = { name, key, sizeBytes };
    const { path } = await this.#options.runtimes.call(runtime, stageFile, message, signal);
    return { path, name: path.slice(path.lastIndexOf('/') + 1), sizeBytes };
  }

  /** Nothing where nobody can tell: the records say all else. */
  async #progressOf(runtime: Runtime): Promise<DownloadProgress> {
    if (statusOf(runtime.state) !== 'active') return {};
    const signal = AbortSignal.timeout(PROGRESS_MS);
    const asked = this.#options.runtimes.call(runtime, downloadProgress, {}, signal);
    // A node that hangs does not answer even when the call is given up.
    return untilAborted(asked, signal).catch(() => ({}));
  }
}
