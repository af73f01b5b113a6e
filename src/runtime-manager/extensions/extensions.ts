import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError } from '../errors.ts';
import { packDirectory } from '../storage/archive.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { OBJECT_FOLDERS } from '../retention/orphans.ts';
import type { Actor } from '../runtime/actor.ts';
import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { Extension, ExtensionWarning } from './extension.ts';
import type { ExtensionStore, StoredExtension } from './extension-store.ts';
import { inspectPackage } from './inspect-package.ts';
import { invalidPackage } from './package-problems.ts';

export interface ExtensionsOptions {
  store: ExtensionStore;
  storage: ObjectStorage;
  /** The folder in which packages are unpacked and checked. */
  workDir: string;
  /** Downloads an address into a file. */
  download: (url: string, file: string) => Promise<void>;
  /** Loads an extension in a browser of its own, and tells what Chromium reports. */
  tryOut: (directory: string) => Promise<ExtensionTrial>;
}

/** How an extension did when it was tried out. */
export interface ExtensionTrial {
  warnings: ExtensionWarning[];
  /** Why the extension cannot work; empty when it can. */
  errors: string[];
}

/**
 * The extensions of organizations. A method throws `extension.not_found` when the organization has
 * no such extension.
 */
export class Extensions {
  readonly #options: ExtensionsOptions;

  constructor(options: ExtensionsOptions) {
    this.#options = options;
  }

  /**
   * Downloads a package and adds it. Throws as `upload`, and `extension.url_not_allowed` or
   * `extension.download_failed`.
   */
  import(
    actor: Actor,
    { url, name }: { url: string; name?: string | undefined },
  ): Promise<StoredExtension> {
    return this.upload(actor, async (file) => {
      await this.#options.download(url, file);
      return { name };
    });
  }

  /**
   * Adds the package that `receive` writes into a file, if the extension can work; the same content
   * again is the same extension. Its name is `name`, or else that of the manifest. Throws
   * `extension.invalid_package` with all that is wrong.
   */
  async upload(
    { organizationId }: Actor,
    receive: (file: string) => Promise<{ name: string | undefined }>,
  ): Promise<StoredExtension> {
    const { workDir } = this.#options;
    const file = join(workDir, randomUUID());
    await mkdir(workDir, { recursive: true });
    try {
      const { name } = await receive(file);
      return await this.#add(organizationId, file, name);
    } finally {
      await rm(file, { force: true });
    }
  }

  async get({ organizationId }: Actor, id: string): Promise<StoredExtension> {
    return found(await this.#options.store.find(organizationId, id), id);
  }

  list({ organizationId }: Actor, page: PageRequest): Promise<Page<StoredExtension>> {
    return this.#options.store.list(organizationId, page);
  }

  async rename({ organizationId }: Actor, id: string, name: string): Promise<StoredExtension> {
    return found(await this.#options.store.rename(organizationId, id, name), id);
  }

  /** Throws `extension.in_use` while an active runtime or a profile uses the extension. */
  async delete(actor: Actor, id: string): Promise<StoredExtension> {
    const { store, storage } = this.#options;
    const extension = await this.get(actor, id);
    const removed = await store.remove(actor.organizationId, id);
    if (removed === 'absent') throw notFound(id);
    if (removed !== 'removed') {
      throw new RuntimeError('extension.in_use', `A ${removed.kind} uses the extension.`, {
        details: { [`${removed.kind}Id`]: removed.id },
      });
    }
    await storage.delete(extension.key);
    return extension;
  }

  /**
   * The extensions of some ids, each once, in that order. Throws `extension.not_found` for the
   * first id without an extension, and `extension.conflict` for two extensions that are the same to
   * Chromium.
   */
  async resolve(organizationId: string, ids: readonly string[]): Promise<Extension[]> {
    const unique = [...new Set(ids)];
    if (unique.length === 0) return [];
    const extensions = await this.#options.store.findAll(organizationId, unique);
    const missing = unique.find((id) => !extensions.some((one) => one.id === id));
    if (missing !== undefined) throw notFound(missing);
    const byChromiumId = new Map<string, Extension>();
    for (const extension of extensions) {
      const other = byChromiumId.get(extension.runtimeExtensionId);
      if (other) {
        throw new RuntimeError(
          'extension.conflict',
          `"${other.name}" and "${extension.name}" have the same Chromium id.`,
          { details: { extensionIds: [other.id, extension.id] } },
        );
      }
      byChromiumId.set(extension.runtimeExtensionId, extension);
    }
    return extensions;
  }

  async #add(
    organizationId: string,
    file: string,
    name: string | undefined,
  ): Promise<StoredExtension> {
    const { store, storage, workDir, tryOut } = this.#options;
    const directory = join(workDir, randomUUID());
    await mkdir(directory, { recursive: true });
    try {
      const facts = await inspectPackage(file, directory, organizationId);
      const known = await store.findContent(organizationId, facts.contentHash);
      if (known) return known;
      const { warnings, errors } = await tryOut(directory);
      if (errors.length > 0) {
        throw invalidPackage(errors.map((message) => ({ path: 'manifest.json', message })));
      }
      await rm(join(directory, '_metadata'), { recursive: true, force: true });
      const key = `${OBJECT_FOLDERS.extensions}${organizationId}/${randomUUID()}.tar.zst`;
      const archive = await packDirectory(directory, {}, (content) => storage.put(key, content));
      const stored = await store.insert({
        ...facts,
        name: name ?? facts.name,
        warnings: [...facts.warnings, ...warnings],
        id: randomUUID(),
        organizationId,
        key,
        sha256: archive.sha256,
        archiveBytes: archive.sizeBytes,
      });
      // Another upload of the same content was faster.
      if (stored.key !== key) await storage.delete(key);
      return stored;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

function found(extension: StoredExtension | undefined, id: string): StoredExtension {
  if (extension) return extension;
  throw notFound(id);
}

function notFound(id: string): RuntimeError {
  return new RuntimeError('extension.not_found', 'There is no such extension.', {
    details: { extensionId: id },
  });
}
