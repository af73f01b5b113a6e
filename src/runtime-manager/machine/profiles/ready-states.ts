import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isLeftOut } from './excluded-paths.ts';
import type { Archive } from '../../profiles/profile.ts';
import { keepPlainFiles } from '../../storage/plain-files.ts';

/** Of so many versions the state is kept unpacked; each takes what its archive takes, unpacked. */
const READY_MAX = 16;

/**
 * States that lie unpacked as they were archived, so that the next writer need not unpack them. Only
 * of this life of the service: after a power cut nothing tells whether all of one reached the disk.
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

  /** Moves the state of an archive to where it is wanted; false when it is not here. */
  async take(archive: Archive, userDataDir: string): Promise<boolean> {
    try {
      await rename(this.#pathOf(archive), userDataDir);
      return true;
    } catch {
      return false;
    }
  }

  /** Takes over a directory that an archive was made of. */
  async keep(archive: Archive, userDataDir: string): Promise<void> {
    // What archives leave out is not to come back either.
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
