import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { giveTo } from './ownership.ts';
import { hostPart, seenPart, type FilesFolder } from './own-files.ts';

const NAME_MAX_BYTES = 255;
const OWNER_ONLY = 0o600;

/** A file that the browser is given for its pages. */
export interface Upload {
  /** Made safe. */
  name: string;
  /** Called when the content is read at once: else nobody would hear of its failure. */
  open: () => Promise<Readable>;
}

/** The files that one browser is given, each in a folder of its own. */
export class Uploads {
  readonly #folder: FilesFolder;

  constructor(folder: FilesFolder) {
    this.#folder = folder;
  }

  /**
   * Writes a file for the browser alone to read, and resolves with the path that the browser and its
   * clients know it by. Throws what the content, the disk or `signal` fails with; nothing is left then.
   */
  async add({ name, open }: Upload, signal: AbortSignal): Promise<string> {
    const { owner } = this.#folder;
    const safe = safeName(name);
    const directory = await mkdtemp(join(hostPart(this.#folder, 'uploads'), '/'));
    try {
      const content = await open();
      const file = createWriteStream(join(directory, safe), { flags: 'wx', mode: OWNER_ONLY });
      await pipeline(content, file, { signal });
      if (owner) await giveTo(owner, directory);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
    return [seenPart(this.#folder, 'uploads'), basename(directory), safe].join('/');
  }
}

/** A name that every system takes. The end of a long one is kept, since it says the file's type. */
function safeName(path: string): string {
  // oxlint-disable-next-line no-control-regex
  const plain = basename(path).replaceAll(/[\x00-\x1f\x7f-\x9f/\\]/g, '_');
  const end = Buffer.from(plain).subarray(-NAME_MAX_BYTES).toString('utf8');
  const whole = end.replace(/^\ufffd+/, '');
  return /^\.*$/.test(whole) ? 'file' : whole;
}
