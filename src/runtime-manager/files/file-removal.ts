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

  /** Resolves when nothing is left that nobody keeps. Rejects when some content could not be removed. */
  async run(): Promise<void> {
    const { store } = this.#options;
    while (!this.#isClosed) {
      const unkept = await store.listUnkept(BATCH);
      const removals = await Promise.allSettled(unkept.map((file) => this.#remove(file)));
      await store.forget(
        unkept.filter((_, nth) => removals[nth]?.status === 'fulfilled').map(({ id }) => id),
      );
      const failed = removals.find((removal) => removal.status === 'rejected');
      if (failed) throw failed.reason;
      if (unkept.length < BATCH) return;
    }
  }

  async #remove({ key }: UnkeptFile): Promise<void> {
    if (key !== undefined) await this.#options.storage.delete(key);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer[Symbol.dispose]();
  }
}
