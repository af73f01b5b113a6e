import { chmod, link, mkdir, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import type { Extension } from '../extensions/extension.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { unpack } from './local-profile.ts';

/** What nobody used for so long is removed. */
const IDLE_MS = 10 * 60_000;
const FILE_MODE = 0o444;
/** So many extensions lie here for all browsers; each path is known to every browser from its start. */
const SHARED_PATHS = 128;

const Rules = z.looseObject({
  declarative_net_request: z.looseObject({ rule_resources: z.array(z.unknown()) }),
});

interface Entry {
  name: string;
  path: string;
  unpacked: Promise<string>;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/** An extension's directory, for one browser, until it is disposed. */
export interface ExtensionDirectory extends AsyncDisposable {
  path: string;
}

/**
 * Extensions that lie unpacked on this machine: once, however many browsers use them. They lie at
 * paths that are known before any browser starts, since a browser that starts has to be told from
 * which paths extensions read no files, and may be given to a runtime long after.
 */
export class ExtensionCache implements AsyncDisposable {
  readonly #root: string;
  readonly #storage: ObjectStorage;
  /** How many extensions a browser may have. */
  readonly #perBrowser: number;
  readonly #entries = new Map<string, Entry>();
  readonly #shared: string[];
  readonly #free: string[];

  private constructor(root: string, storage: ObjectStorage, perBrowser: number) {
    this.#root = root;
    this.#storage = storage;
    this.#perBrowser = perBrowser;
    this.#shared = Array.from({ length: SHARED_PATHS }, (_, n) => join(root, String(n)));
    this.#free = [...this.#shared];
  }

  static async open(
    root: string,
    storage: ObjectStorage,
    perBrowser: number,
  ): Promise<ExtensionCache> {
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true, mode: 0o700 });
    // As Chromium will see it.
    return new ExtensionCache(await realpath(root), storage, perBrowser);
  }

  /** All paths that extensions of a browser may come from. */
  pathsOf(browser: string): string[] {
    const own = Array.from({ length: this.#perBrowser }, (_, n) => this.#ownPath(browser, n));
    return [...this.#shared, ...own];
  }

  /** For a browser, as its nth. Throws `extension.load_failed` when it cannot be unpacked. */
  async use(extension: Extension, browser: string, nth: number): Promise<ExtensionDirectory> {
    const own = this.#ownPath(browser, nth);
    try {
      if (nth >= this.#perBrowser) throw new Error(`a browser has up to ${this.#perBrowser}`);
      return (await this.#useShared(extension, own)) ?? (await this.#useOwn(extension, own));
    } catch (cause) {
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

  /** Undefined when there is no shared path left. */
  async #useShared(extension: Extension, own: string): Promise<ExtensionDirectory | undefined> {
    const name = basename(extension.key);
    const entry = this.#entries.get(name) ?? this.#begin(name, extension);
    if (!entry) return undefined;
    clearTimeout(entry.idle);
    entry.users++;
    const leave = async () => this.#leave(entry);
    const remove = async () => {
      await leave();
      await rm(own, { recursive: true, force: true });
    };
    try {
      const shared = await entry.unpacked;
      if (!(await hasRules(shared))) return { path: shared, [Symbol.asyncDispose]: leave };
      await linkAll(shared, own);
    } catch (error) {
      await remove();
      throw error;
    }
    return { path: own, [Symbol.asyncDispose]: remove };
  }

  async #useOwn(extension: Extension, own: string): Promise<ExtensionDirectory> {
    const remove = () => rm(own, { recursive: true, force: true });
    try {
      await this.#unpack(own, extension);
    } catch (error) {
      await remove();
      throw error;
    }
    return { path: own, [Symbol.asyncDispose]: remove };
  }

  #ownPath(browser: string, nth: number): string {
    return join(this.#root, `${browser}-${nth}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { idle } of this.#entries.values()) clearTimeout(idle);
    await rm(this.#root, { recursive: true, force: true });
  }

  #begin(name: string, extension: Extension): Entry | undefined {
    const path = this.#free.shift();
    if (path === undefined) return undefined;
    const entry: Entry = {
      name,
      path,
      unpacked: this.#unpack(path, extension),
      users: 0,
      idle: undefined,
    };
    this.#entries.set(name, entry);
    // The next one tries again.
    entry.unpacked.catch(() => this.#forget(entry));
    return entry;
  }

  async #unpack(path: string, extension: Extension): Promise<string> {
    await unpack(extension, this.#storage, path);
    for (const file of await filesOf(path)) await chmod(join(path, file), FILE_MODE);
    return path;
  }

  #leave(entry: Entry): void {
    entry.users--;
    if (entry.users > 0 || this.#entries.get(entry.name) !== entry) return;
    entry.idle = setTimeout(() => void this.#forget(entry), IDLE_MS).unref();
  }

  async #forget(entry: Entry): Promise<void> {
    if (this.#entries.get(entry.name) !== entry) return;
    this.#entries.delete(entry.name);
    try {
      await rm(entry.path, { recursive: true, force: true, maxRetries: 3 });
      this.#free.push(entry.path);
    } catch {
      // What cannot be removed keeps its path; the next start removes all.
    }
  }
}

/** Chromium writes an index of rules beside them, so each browser gets a directory of its own. */
async function linkAll(from: string, to: string): Promise<void> {
  const files = await filesOf(from);
  const directories = new Set(files.map((file) => join(to, file, '..')));
  for (const directory of directories) await mkdir(directory, { recursive: true });
  await Promise.all(files.map((file) => link(join(from, file), join(to, file))));
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
