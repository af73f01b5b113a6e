import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import type { Logger } from 'pino';
import type { CdpSession } from './cdp/cdp-session.ts';
import type { CdpEvent } from './cdp/protocol.ts';
import { DownloadWatchers, type DownloadWatcher } from './download-watchers.ts';
import { DownloadWishes } from './download-wishes.ts';
import { openDownload, type Downloaded } from './downloaded-files.ts';
import { FolderArrivals } from './folder-arrivals.ts';
import { hostPart, seenPart, type FilesFolder } from './own-files.ts';
import { cut } from './pages/page-events.ts';

/** The number of files that are remembered, so that none is told twice. */
const KNOWN_MAX = 1000;

/**
 * All downloads of one browser, whoever began them and in whatever context. Chromium tells of those
 * that a page began. An extension's, and those whose frame is gone when the answer comes, show only
 * by their files.
 */
export class Downloads implements AsyncDisposable {
  readonly wishes: DownloadWishes;
  readonly #browser: CdpSession;
  readonly #files: FilesFolder;
  readonly #log: Logger;
  readonly #watchers: DownloadWatchers;
  /** Those whose file is being opened and named. */
  readonly #arriving = new Set<Promise<void>>();
  /** The files that came last, whatever their names are now. */
  readonly #known = new Set<string>();
  #folder: FolderArrivals | undefined;

  constructor(browser: CdpSession, files: FilesFolder, log: Logger) {
    this.wishes = new DownloadWishes(browser, files, log);
    this.#browser = browser;
    this.#files = files;
    this.#log = log;
    this.#watchers = new DownloadWatchers(log);
    browser.on('Browser.downloadWillBegin', (told) => this.#began(told));
    browser.on('Browser.downloadProgress', (told) => this.#progressed(told));
    browser.gone.addEventListener('abort', () => void this.#ended(), { once: true });
  }

  /**
   * Makes the browser tell of its downloads; one command does for all contexts, also those to come.
   * Throws when Chromium does not answer.
   */
  async discover(signal: AbortSignal): Promise<void> {
    const told = { behavior: 'default', eventsEnabled: true } as const;
    await this.#browser.send('Browser.setDownloadBehavior', told, { signal });
    // Before anybody waits for the browser.
    const arrived = (names: string[]) =>
      void this.#lookAt(names).catch((err: unknown) => this.#failed(err));
    this.#folder = new FolderArrivals(hostPart(this.#files, 'downloads'), arrived, this.#log);
  }

  /** Tells of every download from now on, and of those that are under way. */
  follow(watcher: DownloadWatcher): Disposable {
    return this.#watchers.follow(watcher);
  }

  /** Cancels a download, if it is under way: it fails then. Throws when Chromium does not answer. */
  async cancel(guid: string): Promise<void> {
    const { browserContextIds } = await this.#browser.send('Target.getBrowserContexts', {});
    const others = browserContextIds.map((browserContextId) => ({ guid, browserContextId }));
    const asked = [{ guid }, ...others].map((params) =>
      this.#browser.send('Browser.cancelDownload', params),
    );
    // All contexts but the download's own refuse.
    await Promise.allSettled(asked);
  }

  /** Resolves when no file is being opened or named. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#folder?.[Symbol.dispose]();
    await Promise.all(this.#arriving);
  }

  #began({ guid, url, suggestedFilename, frameId }: CdpEvent<'Browser.downloadWillBegin'>): void {
    const suggestedName = cut(suggestedFilename);
    this.#watchers.began({ guid, url: cut(url), suggestedName, frameId });
  }

  #progressed(told: CdpEvent<'Browser.downloadProgress'>): void {
    const { guid, state, filePath, receivedBytes, totalBytes } = told;
    if (state === 'inProgress') {
      const progress = { receivedBytes, totalBytes: totalBytes || undefined };
      this.#watchers.progressed(guid, progress);
    } else if (state === 'completed' && filePath !== undefined) {
      const suggestedName = this.#watchers.suggestedName(guid);
      const work = this.#completed({ guid, filePath, suggestedName })
        .catch((err: unknown) => this.#failed(err))
        .finally(() => this.#arriving.delete(work));
      this.#arriving.add(work);
    } else this.#watchers.failed(guid, state === 'completed' ? 'unreadable' : 'canceled');
  }

  /** Opens the file while it has the name that Chromium gave it. */
  async #completed(download: Downloaded): Promise<void> {
    const { guid, filePath } = download;
    const file = await openDownload(filePath, this.#files);
    if (file) this.#isNew(await file.stat());
    const name = await this.wishes.name(download);
    if (file) void this.#watchers.completed(guid, name, file);
    else this.#watchers.failed(guid, 'unreadable');
  }

  /** Tells of those files that belong to no download that Chromium announced. */
  async #lookAt(names: string[]): Promise<void> {
    // What Chromium has to tell of these files comes before its answer.
    await this.#browser.send('Browser.getVersion', {}).catch(() => undefined);
    await Promise.all(this.#arriving);
    for (const name of names) {
      const path = `${seenPart(this.#files, 'downloads')}/${name}`;
      const file = await openDownload(path, this.#files);
      if (file && this.#isNew(await file.stat())) {
        const guid = randomUUID();
        const suggestedName = cut(name);
        this.#watchers.began({ guid, url: undefined, suggestedName, frameId: undefined });
        void this.#watchers.completed(guid, name, file);
      } else await file?.close();
    }
  }

  /** Whether a file was not seen yet, under whatever name; it counts as seen from now on. */
  #isNew({ ino, mtimeMs }: Stats): boolean {
    // A file that is gone may leave its number to another.
    const file = `${ino} ${mtimeMs}`;
    if (this.#known.has(file)) return false;
    this.#known.add(file);
    const [oldest] = this.#known;
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
    return true;
  }

  #failed(err: unknown): void {
    this.#log.error({ err }, 'a download was lost');
  }

  async #ended(): Promise<void> {
    await Promise.all(this.#arriving);
    this.#watchers.failAll('browser_ended');
  }
}
