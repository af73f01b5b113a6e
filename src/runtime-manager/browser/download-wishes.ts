import type { Logger } from 'pino';
import type { CdpSession } from './cdp/cdp-session.ts';
import { nameDownload, type Downloaded } from './downloaded-files.ts';
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
  /** `unasked`: a helper hears of downloads, and its client asked for nothing. */
  behavior: 'deny' | 'allow' | 'allowAndName' | 'default' | 'unasked';
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
 * What clients of one browser wish for downloads. Chromium has one behaviour for each context, the
 * last that any client set, and forgets it when that client goes. So the service makes the browser
 * keep all downloads that any client wants in one folder, and gives each client the names that it
 * asked for.
 */
export class DownloadWishes {
  readonly #browser: CdpSession;
  readonly #files: FilesFolder;
  readonly #log: Logger;
  readonly #clients = new Set<DownloadClient>();
  readonly #named = new Map<string, PromiseWithResolvers<string>>();

  constructor(browser: CdpSession, files: FilesFolder, log: Logger) {
    this.#browser = browser;
    this.#files = files;
    this.#log = log;
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
   * that asked denies them. Where nobody asked, they arrive: by itself Chromium keeps those of the
   * default context, under their names, and cancels all others.
   */
  behaviorOf(contextId: ContextId): DownloadBehavior {
    const wishes = [...this.#clients].flatMap(({ wishes: own }) => own.get(contextId) ?? []);
    const isAllowed = wishes.some(({ behavior }) => behavior.startsWith('allow'));
    const isUnasked = wishes.every(({ behavior }) => behavior === 'unasked');
    if (isAllowed || (isUnasked && contextId !== undefined)) {
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

  /** Gives a download that is complete its names. Resolves with that for people. */
  async name(download: Downloaded): Promise<string> {
    const { guid } = download;
    const wishes = [...this.#clients].flatMap((client) => [...client.wishes.values()]);
    const folders = new Set(wishes.flatMap(({ folder }) => folder ?? []));
    const byGuid = wishes.some((one) => one.behavior === 'allowAndName' && !one.folder);
    const wanted = { byGuid, folders: [...folders] };
    const name = await nameDownload(download, this.#files, wanted).catch((err: unknown) => {
      this.#log.warn({ err }, 'a download did not get its name');
      return guid;
    });
    this.#entryOf(guid).resolve(name);
    return name;
  }

  /** Forgets the contexts that are gone. */
  async forgetGone(wishes: Map<ContextId, DownloadWish>): Promise<void> {
    if (wishes.size <= CONTEXTS_MAX) return;
    const { browserContextIds } = await this.#browser.send('Target.getBrowserContexts', {});
    const there = new Set<ContextId>([undefined, ...browserContextIds]);
    for (const contextId of wishes.keys()) if (!there.has(contextId)) wishes.delete(contextId);
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
  readonly #all: DownloadWishes;

  constructor(all: DownloadWishes) {
    this.#all = all;
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
    return this.#all.behaviorOf(contextId);
  }

  async settle(contextId: ContextId): Promise<void> {
    await this.#all.settle(contextId);
    await this.#all.forgetGone(this.wishes).catch(() => undefined);
  }

  nameOf(guid: string): Promise<string | undefined> {
    return this.#all.nameOf(guid);
  }

  [Symbol.dispose](): void {
    this.#all.leave(this);
  }
}
