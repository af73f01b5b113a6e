import { watch, type FSWatcher } from 'node:fs';
import type { Logger } from 'pino';
import { PARTIAL } from './own-files.ts';

/** How long after its arrival a file is told at the earliest; at the latest after twice as long. */
const SETTLED_MS = 2000;
/** More names that come at once are missed: no page makes so many files. */
const NAMES_MAX = 1000;

/** Tells which files came into a folder of downloads, some time after they came, several at once. */
export class FolderArrivals implements Disposable {
  readonly #watcher: FSWatcher | undefined;
  readonly #arrived: (names: string[]) => void;
  #names = new Set<string>();
  #older = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, arrived: (names: string[]) => void, log: Logger) {
    this.#arrived = arrived;
    const failed = (err: unknown) => log.warn({ err }, 'a folder of downloads is not watched');
    try {
      const changed = (kind: string, name: string | null) => this.#changed(kind, name);
      this.#watcher = watch(path, { persistent: false }, changed).on('error', failed);
    } catch (err) {
      // The system gives no more watches.
      failed(err);
    }
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
  }

  /** Names come and go by "rename". */
  #changed(kind: string, name: string | null): void {
    if (kind !== 'rename' || name === null || isUnfinished(name)) return;
    if (this.#names.size < NAMES_MAX) this.#names.add(name);
    this.#timer ??= setInterval(() => this.#tell(), SETTLED_MS).unref();
  }

  #tell(): void {
    const settled = [...this.#older];
    this.#older = this.#names;
    this.#names = new Set();
    if (settled.length > 0) this.#arrived(settled);
    if (this.#older.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Chromium gives no such names to files that are complete. */
function isUnfinished(name: string): boolean {
  return name.startsWith('.') || name.endsWith(PARTIAL);
}
