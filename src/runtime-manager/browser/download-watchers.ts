import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Logger } from 'pino';

/** The number of downloads that are followed at once: the oldest gives way to one more. */
const RUNNING_MAX = 1000;

/** A download as it begins. */
export interface BegunDownload {
  /** Chromium's id; the service's own when Chromium did not announce the download. */
  guid: string;
  /** At most 4000 characters; undefined when Chromium did not announce the download. */
  url: string | undefined;
  /** The name that Chromium made of what the site says, at most 4000 characters. */
  suggestedName: string;
  /** The CDP id of the frame that began it. A page's main frame has the page's id. */
  frameId: string | undefined;
}

export interface DownloadProgress {
  receivedBytes: number;
  /** Undefined while nobody knows. */
  totalBytes: number | undefined;
}

/** The file of a complete download. */
export interface DownloadedFile {
  /** The file's name among the downloads of its browser, where no other file has it. */
  name: string;
  /**
   * Opens the content to read, wherever its name leads by now, and also when the browser's
   * directory is gone; whoever opens it closes it. Works until what `completed` returned settles.
   */
  open: () => Promise<FileHandle>;
}

/**
 * Why there is no file. `canceled`: whoever canceled or denied it, or its connection broke; Chromium
 * does not tell which. `unreadable`: what lies in the file's place is no plain file. `browser_ended`:
 * the browser ended first. `too_many`: too many others began since.
 */
export type DownloadFailure = 'canceled' | 'unreadable' | 'browser_ended' | 'too_many';

/**
 * Hears of every download once that it began, and then once how it ended. Nobody waits for what its
 * methods return, except `DownloadedFile.open`.
 */
export interface DownloadWatcher {
  began(download: BegunDownload): void;
  progressed?(guid: string, progress: DownloadProgress): void;
  completed(guid: string, file: DownloadedFile): void | Promise<void>;
  failed(guid: string, why: DownloadFailure): void;
}

/** Tells whoever follows the downloads of a browser what becomes of each. */
export class DownloadWatchers {
  readonly #log: Logger;
  readonly #watchers = new Set<DownloadWatcher>();
  readonly #running = new Map<string, BegunDownload>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Tells also of the downloads that are under way. */
  follow(watcher: DownloadWatcher): Disposable {
    this.#watchers.add(watcher);
    for (const download of this.#running.values()) watcher.began(download);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  suggestedName(guid: string): string | undefined {
    return this.#running.get(guid)?.suggestedName;
  }

  began(download: BegunDownload): void {
    const [oldest] = this.#running.keys();
    if (this.#running.size >= RUNNING_MAX && oldest !== undefined) this.failed(oldest, 'too_many');
    this.#running.set(download.guid, download);
    void this.#tell((watcher) => watcher.began(download));
  }

  progressed(guid: string, progress: DownloadProgress): void {
    if (!this.#running.has(guid)) return;
    void this.#tell((watcher) => watcher.progressed?.(guid, progress));
  }

  /** Closes `file`, which is open to read, as soon as nobody needs it. */
  async completed(guid: string, name: string, file: FileHandle): Promise<void> {
    await using kept = file;
    if (!this.#running.delete(guid)) return;
    const opened: Promise<FileHandle>[] = [];
    const reopen = () => {
      const opening = open(`/proc/self/fd/${kept.fd}`, constants.O_RDONLY);
      opened.push(opening);
      return opening;
    };
    await this.#tell((watcher) => watcher.completed(guid, { name, open: reopen }));
    // Another file may get the number as soon as this one is closed.
    await Promise.allSettled(opened);
  }

  failed(guid: string, why: DownloadFailure): void {
    if (this.#running.delete(guid)) void this.#tell((watcher) => watcher.failed(guid, why));
  }

  failAll(why: DownloadFailure): void {
    for (const guid of this.#running.keys()) this.failed(guid, why);
  }

  /** A watcher that fails harms nobody else. */
  async #tell(what: (watcher: DownloadWatcher) => void | Promise<void>): Promise<void> {
    const told = [...this.#watchers].map(async (watcher) => what(watcher));
    for (const one of await Promise.allSettled(told)) {
      if (one.status === 'fulfilled') continue;
      this.#log.error({ err: one.reason }, 'a download was not followed');
    }
  }
}
