import type { Logger } from 'pino';
import { signalGroup } from '../machine/jail/process-group.ts';
import type { ExtensionTrial } from '../extensions/extensions.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import type { BrowserDirectory } from './browser-directory.ts';
import type { CdpResult } from './cdp/protocol.ts';
import type { Chromium, DebuggingEndpoint, ProcessExit } from './chromium.ts';
import { readClientHints, type ClientHints } from './client-hints.ts';
import type { Downloads } from './downloads.ts';
import { loadExtension, reportOnExtension } from './extension-loading.ts';
import { HealthCheck, type HealthCheckTimes } from './health-check.ts';
import { DefaultPageSession } from './pages/default-page-session.ts';
import type { Pages } from './pages/pages.ts';
import { Permissions } from './permissions.ts';
import { ProcessActivity } from './process-activity.ts';

const CLOSE_TIMEOUT_MS = 10_000;

/** Why the service kills a browser: it does not answer, or keeps more on disk than it may. */
export type KillReason = 'hung' | 'disk_limit';

/** How a browser exited, and why the service killed it, if the service did. */
export interface BrowserExit extends ProcessExit {
  killedFor: KillReason | undefined;
}

export interface BrowserParts {
  chromium: Chromium;
  directory: BrowserDirectory;
  pages: Pages;
  downloads: Downloads;
  /** The resources that end with the browser. */
  owned: AsyncDisposableStack;
  healthCheck: HealthCheckTimes;
  log: Logger;
}

/** A Chromium with an open page and a directory of its own; all of them end together. */
export class Browser {
  readonly pid: number;
  readonly endpoint: DebuggingEndpoint;
  /** The port that the browser sends plain `http:` requests to. */
  readonly socksPort: number | undefined;
  readonly pages: Pages;
  readonly downloads: Downloads;
  readonly permissions: Permissions;
  /** Settles once the processes *and* the directory are gone, whichever way the browser ended. */
  readonly exited: Promise<BrowserExit>;
  readonly directory: BrowserDirectory;
  readonly #chromium: Chromium;
  readonly #page: DefaultPageSession;
  readonly #owned: AsyncDisposableStack;
  readonly #check: HealthCheck;
  #killedFor: KillReason | undefined;

  constructor(parts: BrowserParts) {
    const { chromium, directory, pages, downloads, owned, healthCheck, log } = parts;
    const { session } = chromium;
    this.#chromium = chromium;
    this.#owned = owned;
    this.directory = directory;
    this.pid = chromium.pid;
    this.endpoint = chromium.endpoint;
    [, this.socksPort] = chromium.ports;
    this.pages = pages;
    this.downloads = downloads;
    this.permissions = new Permissions(session);
    this.#page = new DefaultPageSession(session, pages);
    const process = new ProcessActivity(chromium.pid);
    const patient = {
      ask: (signal: AbortSignal) => this.version(signal),
      activity: () => process.read(),
    };
    this.#check = new HealthCheck(patient, healthCheck, () => this.killFor('hung'));
    this.exited = chromium.exited.then(async (exit) => {
      this.#check[Symbol.dispose]();
      try {
        await owned.disposeAsync();
      } catch (err) {
        log.error({ err, directory: directory.path }, 'a browser could not be released');
      }
      return { ...exit, killedFor: this.#killedFor };
    });
  }

  /** Makes something end with the browser, before its processes and its directory do. */
  own<T extends AsyncDisposable | Disposable>(resource: T): T {
    return this.#owned.use(resource);
  }

  /**
   * Closes the browser, so that it first writes what it holds back, and resolves when nothing of it
   * is left. A browser that takes too long is killed.
   */
  async close(): Promise<void> {
    const late = AbortSignal.timeout(CLOSE_TIMEOUT_MS);
    const kill = () => this.#chromium.kill();
    late.addEventListener('abort', kill, { once: true });
    // The pipe may close before the answer comes.
    this.#chromium.session.send('Browser.close', {}, { signal: late }).catch(() => undefined);
    await this.exited;
    late.removeEventListener('abort', kill);
  }

  /** Kills the browser, and resolves when nothing of it is left. */
  async kill(): Promise<void> {
    this.#chromium.kill();
    await this.exited;
  }

  /** Kills the browser, and makes `exited` tell the reason. */
  killFor(reason: KillReason): void {
    this.#killedFor ??= reason;
    this.#chromium.kill();
  }

  /**
   * Suspends every process of the browser during `work`, so that none is in the middle of a write.
   * Throws what `work` throws, or an error when `work` takes too long; the browser goes on in any
   * case.
   */
  async holdStill(work: (signal: AbortSignal) => Promise<void>, maxMs: number): Promise<void> {
    const late = AbortSignal.timeout(maxMs);
    using _paused = this.#check.pause();
    signalGroup(this.pid, 'SIGSTOP');
    try {
      await untilAborted(work(late), late);
    } finally {
      signalGroup(this.pid, 'SIGCONT');
    }
  }

  /** Loads an unpacked extension, and resolves with Chromium's id of it. Throws what Chromium says. */
  loadExtension(path: string, signal: AbortSignal): Promise<string> {
    return loadExtension(this.#chromium.session, path, signal);
  }

  /** Reports on an extension that was loaded into a trial browser. */
  reportOnExtension(id: string, signal: AbortSignal): Promise<ExtensionTrial> {
    return reportOnExtension(this.#chromium.session, id, signal);
  }

  /** Throws unless the browser answers and, as far as it knows, its page is there. */
  async assertWell(signal: AbortSignal): Promise<void> {
    await this.version(signal);
    if (!this.pages.areWell) throw new Error('the page of the browser is gone');
  }

  /**
   * Throws unless the default page itself answers. The first call also prepares the page for what
   * every client does first. Opens a session with the page, which lasts until `leavePage`.
   */
  async checkPage(signal: AbortSignal): Promise<void> {
    await this.#page.evaluate('1 + 1', signal);
  }

  /** Leaves the default page to clients. */
  leavePage(): void {
    this.#page.leave();
  }

  /** By how much the window of the default page is higher than the page. */
  windowChromeHeight(signal: AbortSignal): Promise<number> {
    return this.#page.windowChromeHeight(signal);
  }

  /**
   * The client hints that the browser gives to pages. Leaves the default page at another address.
   */
  async clientHints(signal: AbortSignal): Promise<ClientHints> {
    return readClientHints(this.#chromium.session, this.pages.defaultPageId ?? '', signal);
  }

  /** What the browser says of itself. */
  version(signal: AbortSignal): Promise<CdpResult<'Browser.getVersion'>> {
    return this.#chromium.session.send('Browser.getVersion', {}, { signal });
  }
}
