import type { Logger } from 'pino';
import type { CdpSession } from './cdp/cdp-session.ts';
import type { CdpEvent } from './cdp/protocol.ts';
import { nameDownload } from './downloaded-files.ts';
import { seenPart, type FilesFolder } from './own-files.ts';

/** How long the end of a download is kept from a client for the sake of its file's name. */
const NAMED_WITHIN_MS = 10_000;
/** How late a command may arrive that a client sent just before it left. */
const LATE_COMMAND_MS = 2000;
/** The number of downloads whose names are remembered. */
const KNOWN_MAX = 1000;
/** Above this number of contexts, the service looks for those that are gone. */
const CONTEXTS_MAX = 100;

/** What a client asks for: https://chromedevtools.github.io/devtools-protocol/tot/Browser/#method-setDownloadBehavior */
export interface DownloadWish {
  behavior: 'deny' | 'allow' | 'allowAndName' | 'default';
  /** A helper's own folder, as the helper sees it, in which it looks for files by their guids. */
  folder?: string | undefined;
}

/** What the browser is told for a context, whatever its clients ask for. */
export type DownloadBehavior =
  | { behavior: 'deny' | 'default' }
  | { behavior: 'allowAndName'; downloadPath: string };

/** Undefined: the default context. */
type ContextId = string | undefined;

/**
 * The downloads of one browser. Chromium has one behaviour for each context, the last that any
 * client set, and forgets it when that client goes. So the service makes the browser keep all
 * downloads that any client wants in one folder, and gives each client the names that it asked for.
 */
export class Downloads {
  readonly #browser: CdpSession;
  readonly #files: FilesFolder;
  readonly #log: Logger;
  readonly #clients = new Set<DownloadClient>();
  readonly #suggested = new Map<string, string>();
  readonly #named = new Map<string, PromiseWithResolvers<string>>();

  constructor(browser: CdpSession, files: FilesFolder, log: Logger) {
    this.#browser = browser;
    this.#files = files;
    this.#log = log;
    browser.on('Browser.downloadWillBegin', ({ guid, suggestedFilename }) => {
      this.#suggested.set(guid, suggestedFilename);
    });
    browser.on('Browser.downloadProgress', (progress) => this.#progressed(progress));
  }

  /** Adds a client, which stays until it is disposed. */
  join(): DownloadClient {
    const client = new DownloadClient(this);
    this.#clients.add(client);
    return client;
  }

  /** Takes back all that a client asked for. */
  leave(client: DownloadClient): void {
    if (!this.#clients.delete(client)) return;
    const settle = () => {
      for (const contextId of client.wishes.keys()) void this.settle(contextId);
    };
    settle();
    // The client's last command may arrive only now: Chromium forgets that behaviour as well.
    if (client.wishes.size > 0) setTimeout(settle, LATE_COMMAND_MS).unref();
  }

  /**
   * What all clients together ask for in a context: downloads are denied only when every client
   * that asked denies them.
   */
  behaviorOf(contextId: ContextId): DownloadBehavior {
    const wishes = [...this.#clients].flatMap(({ wishes: own }) => own.get(contextId) ?? []);
    if (wishes.some(({ behavior }) => behavior.startsWith('allow'))) {
      return { behavior: 'allowAndName', downloadPath: seenPart(this.#files, 'downloads') };
    }
    const isDenied = wishes.length > 0 && wishes.every(({ behavior }) => behavior === 'deny');
    return { behavior: isDenied ? 'deny' : 'default' };
  }

  /**
   * Sets the behaviour of a context as the service, so that it outlasts the client that set it
   * last. Resolves when the behaviour is in force.
   */
  async settle(contextId: ContextId): Promise<void> {
    const params = {
      ...this.behaviorOf(contextId),
      eventsEnabled: true,
      ...(contextId !== undefined && { browserContextId: contextId }),
    };
    await this.#browser.send('Browser.setDownloadBehavior', params).catch(() => undefined);
  }

  /**
   * The file name of a download, once the download is complete and named; undefined when that takes
   * too long.
   */
  async nameOf(guid: string): Promise<string | undefined> {
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(late.resolve, NAMED_WITHIN_MS, undefined).unref();
    const name = await Promise.race([this.#entryOf(guid).promise, late.promise]);
    clearTimeout(timer);
    return name;
  }

  /** Forgets the contexts that are gone. */
  async forgetGone(wishes: Map<ContextId, DownloadWish>): Promise<void> {
    if (wishes.size <= CONTEXTS_MAX) return;
    const { browserContextIds } = await this.#browser.send('Target.getBrowserContexts', {});
    const there = new Set<ContextId>([undefined, ...browserContextIds]);
    for (const contextId of wishes.keys()) if (!there.has(contextId)) wishes.delete(contextId);
  }

  #progressed({ guid, state, filePath }: CdpEvent<'Browser.downloadProgress'>): void {
    if (state === 'inProgress') return;
    const suggestedName = this.#suggested.get(guid);
    this.#suggested.delete(guid);
    if (state === 'completed' && filePath !== undefined) {
      void this.#name({ guid, filePath, suggestedName });
    }
  }

  async #name(download: Parameters<typeof nameDownload>[0]): Promise<void> {
    const { guid } = download;
    const wishes = [...this.#clients].flatMap((client) => [...client.wishes.values()]);
    const folders = new Set(wishes.flatMap(({ folder }) => folder ?? []));
    const byGuid = wishes.some((one) => one.behavior === 'allowAndName' && !one.folder);
    try {
      const wanted = { byGuid, folders: [...folders] };
      this.#entryOf(guid).resolve(await nameDownload(download, this.#files, wanted));
    } catch (err) {
      this.#log.warn({ err }, 'a download did not get its name');
      this.#entryOf(guid).resolve(guid);
    }
  }

  #entryOf(guid: string): PromiseWithResolvers<string> {
    const known = this.#named.get(guid);
    if (known) return known;
    const entry = Promise.withResolvers<string>();
    this.#named.set(guid, entry);
    const [oldest] = this.#named.keys();
    if (this.#named.size > KNOWN_MAX && oldest !== undefined) this.#named.delete(oldest);
    return entry;
  }
}

/** What one client asked for, by context. */
export class DownloadClient implements Disposable {
  readonly wishes = new Map<ContextId, DownloadWish>();
  readonly #downloads: Downloads;

  constructor(downloads: Downloads) {
    this.#downloads = downloads;
  }

  /** Whether the client asked for nothing but that downloads be denied. */
  get deniesAll(): boolean {
    const all = [...this.wishes.values()];
    return all.length > 0 && all.every(({ behavior }) => behavior === 'deny');
  }

  /** Whether the client looks for files by their guids. */
  get namesByGuid(): boolean {
    return [...this.wishes.values()].some(({ behavior }) => behavior === 'allowAndName');
  }

  /** Records a wish, and returns what the browser is to be told instead. */
  wish(contextId: ContextId, wish: DownloadWish): DownloadBehavior {
    this.wishes.set(contextId, wish);
    return this.#downloads.behaviorOf(contextId);
  }

  async settle(contextId: ContextId): Promise<void> {
    await this.#downloads.settle(contextId);
    await this.#downloads.forgetGone(this.wishes).catch(() => undefined);
  }

  nameOf(guid: string): Promise<string | undefined> {
    return this.#downloads.nameOf(guid);
  }

  [Symbol.dispose](): void {
    this.#downloads.leave(this);
  }
}
