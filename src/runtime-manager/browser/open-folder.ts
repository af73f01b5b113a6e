import { constants } from 'node:fs';
import { link, open, unlink, type FileHandle } from 'node:fs/promises';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/**
 * A folder that a browser may write, held open, so that what is done in it is done there: nothing
 * that the browser puts in the place of the folder, or of one above it, leads elsewhere.
 */
export class OpenFolder implements AsyncDisposable {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** `below` names folders one in the other. Throws where one is missing, or a link. */
  static async open(path: string, below: readonly string[] = []): Promise<OpenFolder> {
    let folder = new OpenFolder(await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    for (const name of below) {
      await using above = folder;
      folder = new OpenFolder(await open(above.#at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    }
    return folder;
  }

  /** Gives a file here a name there too; false: there is one of that name. */
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
    if (name === '.' || name === '..' || /[/\0]/.test(name)) throw new Error('no name of a file');
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }
}
