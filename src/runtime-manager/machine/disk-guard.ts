import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import type { Browser } from '../browser/browser.ts';

const LOOK_MS = 1000;
/** How long files may grow slowly before they are counted. */
const COUNT_INTERVAL_MS = 30_000;
/** A share of the limit: when a disk lost so much free space, whatever took it, files are counted at once. */
const GROWTH = 1 / 8;

export interface DiskGuardOptions {
  /** Where browsers have files on disk. */
  roots: string[];
  browsers: () => Iterable<Browser>;
  /** How much one browser may have. */
  limitBytes: number;
  log: Logger;
}

/**
 * Kills browsers that keep more on disk than they may; files in memory are limited by the kernel. A
 * look costs one call per disk; files are counted only when a disk fills, or now and then.
 */
export class DiskGuard implements Disposable {
  readonly #options: DiskGuardOptions;
  readonly #timer: NodeJS.Timeout;
  #freeBytes: number[] = [];
  #countedAt = performance.now();
  #isLooking = false;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const { roots, limitBytes } = this.#options;
      const free = await Promise.all(roots.map(freeBytes));
      const shrank = free.some(
        (now, at) => (this.#freeBytes[at] ?? now) - now > limitBytes * GROWTH,
      );
      if (shrank || performance.now() - this.#countedAt > COUNT_INTERVAL_MS) {
        await this.#count();
        this.#freeBytes = free;
        this.#countedAt = performance.now();
      } else {
        this.#freeBytes = free.map((now, at) => Math.max(now, this.#freeBytes[at] ?? now));
      }
    } catch (err) {
      this.#options.log.warn({ err }, 'the files of browsers could not be counted');
    } finally {
      this.#isLooking = false;
    }
  }

  async #count(): Promise<void> {
    const browsers = [...this.#options.browsers()];
    const sizes = await sizesOf(browsers.flatMap(({ directory }) => directory.onDisk));
    for (const browser of browsers) {
      const { name, onDisk } = browser.directory;
      const bytes = onDisk.reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0);
      if (bytes <= this.#options.limitBytes) continue;
      this.#options.log.warn({ directory: name, bytes }, 'a browser keeps too much on disk');
      browser.killFor('disk_limit');
    }
  }
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/**
 * Asks the system's `du`. It exits with an error when a file vanishes while it counts, but its
 * output holds.
 */
async function sizesOf(paths: readonly string[]): Promise<Map<string, number>> {
  if (paths.length === 0) return new Map();
  const args = ['--summarize', '--block-size=1', '--', ...paths];
  const { stdout } = await promisify(execFile)('du', args).catch(outputOf);
  const rows = stdout
    .trim()
    .split('\n')
    .map((row) => row.split('\t'));
  return new Map(rows.map(([bytes, path = '']) => [path, Number(bytes)]));
}

function outputOf(error: unknown): { stdout: string } {
  if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string') {
    return { stdout: error.stdout };
  }
  throw error;
}
