import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hostPart, PARTIAL, type FilesFolder } from '../browser/own-files.ts';
import type { Usage } from '../runtime/usage.ts';

/** More than pages send by themselves, for requests and heartbeats. */
const UPLOAD_BYTES_PER_SECOND = 16 * 1024;

/** A file that is being downloaded, as it was last seen. */
interface Partial {
  bytes: number;
  /** By `performance.now()`. */
  grewAtMs: number;
}

/** The uploads and downloads of one browser's pages, whoever began them. */
export class Transfers {
  readonly #files: FilesFolder;
  readonly #usage: () => Usage;
  #partials = new Map<string, Partial>();
  #last: { sentBytes: number; atMs: number } | undefined;

  /** `usage` is what went through the browser's connections so far. */
  constructor(files: FilesFolder, usage: () => Usage) {
    this.#files = files;
    this.#usage = usage;
  }

  /** Whether the browser sent so much since the last look that it must be an upload. */
  isUploading(): boolean {
    const last = this.#last;
    const now = { sentBytes: this.#usage().bytesOut, atMs: performance.now() };
    this.#last = now;
    if (!last) return false;
    const seconds = (now.atMs - last.atMs) / 1000;
    return now.sentBytes - last.sentBytes >= UPLOAD_BYTES_PER_SECOND * seconds;
  }

  /** Whether a download was under way at the last look. */
  get hasDownloads(): boolean {
    return this.#partials.size > 0;
  }

  /** Whether a download is under way that was seen to begin or grow within `limitMs`. */
  async isDownloading(limitMs: number): Promise<boolean> {
    const now = performance.now();
    const found = new Map<string, Partial>();
    for (const path of await this.#findPartials()) {
      const bytes = (await lstat(path).catch(() => undefined))?.size;
      if (bytes === undefined) continue;
      const known = this.#partials.get(path);
      found.set(path, known?.bytes === bytes ? known : { bytes, grewAtMs: now });
    }
    this.#partials = found;
    return [...found.values()].some(({ grewAtMs }) => now - grewAtMs < limitMs);
  }

  /** Looks in the browser's own folder, and in Playwright's, which has one for each of its browsers. */
  async #findPartials(): Promise<string[]> {
    const folders = [hostPart(this.#files, 'downloads'), hostPart(this.#files, 'playwright')];
    const found = await Promise.all(folders.map((folder) => partialsIn(folder)));
    return found.flat();
  }
}

async function partialsIn(folder: string, depth = 1): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name.endsWith(PARTIAL)) return [path];
    return entry.isDirectory() && depth > 0 ? partialsIn(path, depth - 1) : [];
  });
  return (await Promise.all(found)).flat();
}
