import type { Logger } from 'pino';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { every } from '../timing/every.ts';
import type { FileStore, UnkeptFile } from './file-store.ts';

const INTERVAL_MS = 10_000;
const BATCH = 100;

export interface FileRemovalOptions {
  store: Pick<FileStore, 'listUnkept' | 'forget'>;
  storage: Pick<ObjectStorage, 'delete'>;
  log: Logger;
}

/**
 * Removes the content of files that nobody keeps any more, and then their rows: so a crash between
 * leaves a row that is removed the next time. Services that share the work do some of it twice, which
 * does no harm. The cost is that of what is removed.
 */
export class FileRemoval implements Disposable {
  readonly #options: FileRemovalOptions;
  readonly #timer: Disposable & { soon: () => void };
  #isClosed = false;
  /** The id of the last file that was looked at; undefined: the next look begins at the first. */
  #after: string | undefined;

  constructor(options: FileRemovalOptions) {
    this.#options = options;
    this.#timer = every(
      INTERVAL_MS,
      () => this.run(),
      (err) => {
        if (!this.#isClosed) options.log.warn({ err }, 'files that nobody keeps stay for now');
      },
    );
  }

  /** Has what was just given up removed at once. */
  soon(): void {
    this.#timer.soon();
  }

  /**
   * Resolves when nothing is left that nobody keeps. Rejects when some content could not be removed;
   * the next time comes to what is behind it.
   */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    let isDone = false;
    while (!this.#isClosed && !isDone) {
      const unkept = await this.#options.store.listUnkept(BATCH, this.#after);
      const failed = await this.#removeAll(unkept);
      failures.push(...failed);
      const isEnd = unkept.length < BATCH;
      this.#after = isEnd ? undefined : unkept.at(-1)?.id;
      // Where all fail, the storage may be away: it is asked again later.
      isDone = isEnd || failed.length === unkept.length;
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Resolves with why some could not be removed. */
  async #removeAll(unkept: readonly UnkeptFile[]): Promise<unknown[]> {
    const removals = await Promise.allSettled(unkept.map((file) => this.#remove(file)));
    const gone = unkept.filter((_, nth) => removals[nth]?.status === 'fulfilled');
    await this.#options.store.forget(gone.map(({ id }) => id));
    return removals.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  }

  async #remove({ key }: UnkeptFile): Promise<void> {
    if (key !== undefined) await this.#options.storage.delete(key);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer[Symbol.dispose]();
  }
}
