import { constants } from 'node:fs';
import { link, open, unlink, type FileHandle } from 'node:fs/promises';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * A folder that a browser may write. The service holds the folder open, so that nothing that the
 * browser puts in its place, or in the place of a folder above it, leads the service elsewhere.
 */
export class OpenFolder implements AsyncDisposable {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /**
   * `below` names folders, each inside the one before. Throws when a folder is missing or a link.
   */
  static async open(path: string, below: readonly string[] = []): Promise<OpenFolder> {
    let folder = new OpenFolder(await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    for (const name of below) {
      await using above = folder;
      folder = new OpenFolder(await open(above.#at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    }
    return folder;
  }

  /**
   * Opens a file of this folder to read. Throws for anything else, such as a link or a FIFO, without
   * waiting for whoever is at its other end.
   */
  async openFile(name: string): Promise<FileHandle> {
    await using stack = new AsyncDisposableStack();
    const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
    const file = stack.use(await open(this.#at(name), flags));
    if (!(await file.stat()).isFile()) throw new Error('not a file');
    stack.move();
    return file;
  }

  /** Gives a file of this folder a second name in `there`; false when that name is taken. */
  async link(name: string, there: OpenFolder, newName: string): Promise<boolean> {
    try {
      await link(this.#at(name), there.#at(newName));
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    }
  }

  async unlink(name: string): Promise<void> {
    await unlink(this.#at(name));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.close();
  }

  #at(name: string): string {
    if (name === '.' || name === '..' || /[/\0]/.test(name)) throw new Error('not a file name');
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }
}
