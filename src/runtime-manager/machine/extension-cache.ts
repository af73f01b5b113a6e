import { chmod, cp, link, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { BrowserDirectory } from '../browser/browser-directory.ts';
import { giveTo } from '../browser/ownership.ts';
import { RuntimeError } from '../errors.ts';
import type { Extension } from '../extensions/extension.ts';
import type { Jail } from './jail/jail.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { unpack } from './profiles/local-profile.ts';

/** An extension that nobody used for so long is removed. */
const IDLE_MS = 10 * 60_000;
const FILE_MODE = 0o444;
const FOLDER_MODE = 0o755;

const Rules = z.looseObject({
  declarative_net_request: z.looseObject({ rule_resources: z.array(z.unknown()) }),
});

interface Entry {
  unpacked: Promise<string>;
  idle: NodeJS.Timeout;
}

/**
 * Extensions that lie unpacked on this machine: once, however many browsers use them. Each browser
 * gets links to the files in a folder of its own, which it only reads. The path of that folder is
 * known before the launch, so the browser's preferences can deny its extensions access to files.
 */
export class ExtensionCache implements AsyncDisposable {
  readonly #root: string;
  readonly #storage: ObjectStorage;
  readonly #owner: Jail['owner'];
  readonly #entries = new Map<string, Entry>();

  private constructor(root: string, storage: ObjectStorage, owner: Jail['owner']) {
    this.#root = root;
    this.#storage = storage;
    this.#owner = owner;
  }

  /** `owner` is the user to whom files that browsers change have to belong. */
  static async open(
    root: string,
    storage: ObjectStorage,
    owner: Jail['owner'],
  ): Promise<ExtensionCache> {
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new ExtensionCache(root, storage, owner);
  }

  /**
   * The path from which a browser loads an extension as its nth; the files there are removed with
   * the browser. Throws `extension.load_failed` when the extension cannot be unpacked.
   */
  async place(extension: Extension, browser: BrowserDirectory, nth: number): Promise<string> {
    try {
      const unpacked = await this.#unpacked(extension);
      const isIndexed = await hasRules(unpacked);
      const folder = isIndexed ? browser.indexedExtensions : browser.extensions;
      const own = join(folder.path, String(nth));
      if (isIndexed) await copyFor(this.#owner, unpacked, own);
      else await linkAll(unpacked, own);
      return join(folder.seen, String(nth));
    } catch (cause) {
      throw new RuntimeError(
        'extension.load_failed',
        `"${extension.name}" could not be unpacked.`,
        { details: { extensionId: extension.id }, cause },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { idle } of this.#entries.values()) clearTimeout(idle);
    await rm(this.#root, { recursive: true, force: true });
  }

  #unpacked(extension: Extension): Promise<string> {
    const name = basename(extension.key);
    const entry = this.#entries.get(name) ?? this.#begin(name, extension);
    entry.idle.refresh();
    return entry.unpacked;
  }

  #begin(name: string, extension: Extension): Entry {
    const path = join(this.#root, name);
    const forget = () => {
      this.#entries.delete(name);
      return rm(path, { recursive: true, force: true, maxRetries: 3 });
    };
    const entry = {
      unpacked: this.#unpack(path, extension),
      // What cannot be removed is removed at the next start.
      idle: setTimeout(() => void forget().catch(() => undefined), IDLE_MS).unref(),
    };
    this.#entries.set(name, entry);
    // The next caller tries again.
    entry.unpacked.catch(forget);
    return entry;
  }

  async #unpack(path: string, extension: Extension): Promise<string> {
    await rm(path, { recursive: true, force: true });
    await unpack(extension, this.#storage, path);
    for (const file of await filesOf(path)) await chmod(join(path, file), FILE_MODE);
    return path;
  }
}

/**
 * Chromium keeps an index beside rules of `declarativeNetRequest`. A folder that a browser may
 * write to has copies and no links: through a link, the browser would change what others use.
 */
export async function copyFor(owner: Jail['owner'], from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  if (owner) await giveTo(owner, to);
}

async function linkAll(from: string, to: string): Promise<void> {
  const files = await filesOf(from);
  const folders = new Set([to, ...files.map((file) => dirname(join(to, file)))]);
  for (const folder of folders) await mkdir(folder, { recursive: true });
  for (const folder of folders) await chmod(folder, FOLDER_MODE);
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
