import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { inputOf, succeed, type Packed } from './archive.ts';

/** tar's exit code when files changed or vanished while it read them; the next update copies those. */
const CHANGED = 1;

/**
 * A copy of a directory that can be brought up to date. The first update copies all files; each
 * later one looks at all files and copies those that changed. It uses the system's `tar`, which
 * remembers between its runs what it saw, and follows no link on its way.
 * https://www.gnu.org/software/tar/manual/html_node/Incremental-Dumps.html
 */
export class DirectoryCopy implements AsyncDisposable {
  /** Where the copy lies. */
  readonly path: string;
  readonly #root: string;
  readonly #reading: string[];

  private constructor(root: string, directory: string, { part = '.', leftOut = [] }: Packed) {
    this.#root = root;
    this.path = join(root, 'copy');
    const excluded = leftOut.map((name) => `--exclude=${name}`);
    const seen = ['-g', join(root, 'seen'), '--no-check-device', '--ignore-failed-read'];
    this.#reading = ['-c', '-f', '-', ...seen, '--no-wildcards', ...excluded];
    this.#reading.push('-C', directory, `./${part}`);
  }

  /** Nothing is copied yet; `root` becomes a directory of the copy's own. */
  static async open(root: string, directory: string, packed: Packed): Promise<DirectoryCopy> {
    const copy = new DirectoryCopy(root, directory, packed);
    await copy[Symbol.asyncDispose]();
    await mkdir(copy.path, { recursive: true, mode: 0o700 });
    return copy;
  }

  /** Copies what changed, and removes what is gone. Throws what tar says; the copy is of no use then. */
  async update(signal?: AbortSignal): Promise<void> {
    const options = { signal, killSignal: 'SIGKILL' } as const;
    const from = spawn('tar', this.#reading, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const into = spawn('tar', ['-x', '-f', '-', '-g', '/dev/null', '-C', this.path], {
      stdio: ['pipe', 'ignore', 'pipe'],
      ...options,
    });
    const passed = pipeline(from.stdout, inputOf(into.stdin));
    // All three have ended then, whichever fails.
    const ended = await Promise.allSettled([succeed(from, [0, CHANGED]), succeed(into), passed]);
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#root, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  }
}
