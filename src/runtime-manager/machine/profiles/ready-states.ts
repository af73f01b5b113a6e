import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isLeftOut } from './excluded-paths.ts';
import type { Archive } from '../../profiles/profile.ts';
import { keepPlainFiles } from '../../storage/plain-files.ts';

/** How many states are kept unpacked. Each takes as much disk as its unpacked archive. */
const READY_MAX = 16;

/**
 * States that lie unpacked as they were archived, so that the next writer need not unpack them.
 * They serve one life of the service only: after a power cut, nothing tells whether a whole state
 * reached the disk.
 */
export class ReadyStates implements AsyncDisposable {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(root: string): Promise<ReadyStates> {
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true, mode: 0o700 });
    return new ReadyStates(root);
  }

  /** Moves the state of an archive to `userDataDir`. Resolves with false when the state is not here. */
  async take(archive: Archive, userDataDir: string): Promise<boolean> {
    try {
      await rename(this.#pathOf(archive), userDataDir);
      return true;
    } catch {
      return false;
    }
  }

  /** Takes over the directory that an archive was made from. */
  async keep(archive: Archive, userDataDir: string): Promise<void> {
    // What archives leave out must not come back this way either.
    await keepPlainFiles(userDataDir, isLeftOut);
    await rename(userDataDir, this.#pathOf(archive));
    await this.#trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }

  async #trim(): Promise<void> {
    const names = await readdir(this.#root);
    if (names.length <= READY_MAX) return;
    const paths = names.map((name) => join(this.#root, name));
    const ages = await Promise.all(
      paths.map(async (path) => ({
        path,
        at: (await stat(path).catch(() => undefined))?.ctimeMs ?? 0,
      })),
    );
    const oldest = ages.toSorted((a, b) => a.at - b.at).slice(0, names.length - READY_MAX);
    for (const { path } of oldest) await rm(path, { recursive: true, force: true });
  }

  #pathOf({ key }: Archive): string {
    return join(this.#root, basename(key));
  }
}
