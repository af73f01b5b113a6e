import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import type { Extension } from '../extensions/extension.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { unpack } from './local-profile.ts';

/** What nobody used for so long is removed. */
const IDLE_MS = 10 * 60_000;
const FILE_MODE = 0o444;

const Rules = z.looseObject({
  declarative_net_request: z.looseObject({ rule_resources: z.array(z.unknown()) }),
});

interface Entry {
  name: string;
  unpacked: Promise<string>;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** An extension's directory, for one browser, until it is disposed. */
export interface ExtensionDirectory extends AsyncDisposable {
  path: string;
}

/** Extensions that lie unpacked on this machine: once, however many browsers use them. */
export class ExtensionCache implements AsyncDisposable {
  readonly #root: string;
  readonly #storage: ObjectStorage;
  readonly #entries = new Map<string, Entry>();

  private constructor(root: string, storage: ObjectStorage) {
    this.#root = root;
    this.#storage = storage;
  }

  static async open(root: string, storage: ObjectStorage): Promise<ExtensionCache> {
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new ExtensionCache(root, storage);
  }

  /** Throws `extension.load_failed` when it cannot be unpacked. */
  async use(extension: Extension): Promise<ExtensionDirectory> {
    const name = basename(extension.key);
    const entry = this.#entries.get(name) ?? this.#begin(name, extension);
    clearTimeout(entry.idle);
    entry.users++;
    try {
      const shared = await entry.unpacked;
      if (!(await hasRules(shared))) {
        return { path: shared, [Symbol.asyncDispose]: async () => this.#leave(entry) };
      }
      const path = await this.#linked(shared);
      return {
        path,
        [Symbol.asyncDispose]: async () => {
          this.#leave(entry);
          await rm(path, { recursive: true, force: true });
        },
      };
    } catch (cause) {
      this.#leave(entry);
      throw new RuntimeError(
        'extension.load_failed',
        `"${extension.name}" could not be unpacked.`,
        {
          details: { extensionId: extension.id },
          cause,
        },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { idle } of this.#entries.values()) clearTimeout(idle);
    await rm(this.#root, { recursive: true, force: true });
  }

  #begin(name: string, extension: Extension): Entry {
    const path = join(this.#root, randomUUID());
    const entry: Entry = {
      name,
      unpacked: this.#unpack(path, extension),
      users: 0,
      idle: undefined,
    };
    this.#entries.set(name, entry);
    // The next one tries again.
    entry.unpacked.catch(async () => {
      this.#forget(entry);
      await rm(path, { recursive: true, force: true });
    });
    return entry;
  }

  async #unpack(path: string, extension: Extension): Promise<string> {
    await unpack(extension, this.#storage, path);
    for (const file of await filesOf(path)) await chmod(join(path, file), FILE_MODE);
    return path;
  }

  /** Chromium writes an index of rules beside them, so each browser gets a directory of its own. */
  async #linked(shared: string): Promise<string> {
    const path = join(this.#root, randomUUID());
    const files = await filesOf(shared);
    const directories = new Set(files.map((file) => join(path, file, '..')));
    for (const directory of directories) await mkdir(directory, { recursive: true });
    await Promise.all(files.map((file) => link(join(shared, file), join(path, file))));
    return path;
  }

  #leave(entry: Entry): void {
    entry.users--;
    if (entry.users > 0 || this.#entries.get(entry.name) !== entry) return;
    entry.idle = setTimeout(() => {
      this.#forget(entry);
      void entry.unpacked.then((path) => rm(path, { recursive: true, force: true }));
    }, IDLE_MS).unref();
  }

  #forget(entry: Entry): void {
    if (this.#entries.get(entry.name) === entry) this.#entries.delete(entry.name);
  }
}

async function hasRules(directory: string): Promise<boolean> {
  const manifest: unknown = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'));
  return (Rules.safeParse(manifest).data?.declarative_net_request.rule_resources.length ?? 0) > 0;
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
}
