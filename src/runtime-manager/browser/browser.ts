import { z } from 'zod';
import type { Logger } from 'pino';
import { openBrowserDirectory, type BrowserDirectory } from './browser-directory.ts';
import {
  launchChromium,
  type Chromium,
  type DebuggingEndpoint,
  type ProcessExit,
} from './chromium.ts';
import type { ExtensionTrial } from '../extensions/extensions.ts';
import type { Fingerprint } from '../profiles/profile.ts';
import { DefaultPageSession } from './default-page-session.ts';
import { loadExtension, reportOnExtension } from './extension-loading.ts';
import { chromiumFlags } from './flags.ts';
import { HealthCheck, type HealthCheckTimes } from './health-check.ts';
import { openDeadline } from './launch-deadline.ts';
import { Pages, type DefaultPage } from './pages.ts';
import { writePreferences } from './preferences.ts';
import { STAGEHAND_EXTENSION } from './stagehand-extension.ts';

const CreatedTarget = z.object({ targetId: z.string() });
const TargetInfo = z.object({ targetInfo: z.object({ browserContextId: z.string() }) });
const Window = z.object({ bounds: z.object({ height: z.number() }) });
/** A page that was only just made has no size yet. */
const PAGE_HEIGHT = `new Promise((tell) => {
  const look = () => (innerHeight > 0 ? tell(innerHeight) : setTimeout(look, 5));
  look();
})`;
const Nothing = z.object({});
const CLOSE_TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;
const ATTEMPT_MIN_MS = 5000;
const Version = z.object({ product: z.string(), userAgent: z.string() });

/** What every browser of this machine is launched with. */
export interface BrowserSettings {
  executablePath: string;
  /** Where browsers have their directories. */
  root: string;
  /** The environment Chromium gets beside HOME and TMPDIR; nothing of the service's own. */
  env: Record<string, string>;
  sandbox: boolean;
  userAgent: string | undefined;
  launchTimeoutMs: number;
  healthCheck: HealthCheckTimes;
  /** By how much a window is higher than its page, in CSS pixels. */
  windowChromeHeight: number;
  /** Where extensions for a browser may lie, by the name of its directory. */
  extensionPathsOf: (browser: string) => string[];
  log: Logger;
}

/** What differs from launch to launch. */
export interface BrowserIdentity {
  /** Undefined: a fresh one, which goes with the browser. */
  userDataDir: string | undefined;
  fingerprint: Fingerprint;
  /** Whether it is only to try extensions out. */
  isTrial: boolean;
  /** Low priority until it aborts; undefined: normal priority. */
  hurry?: AbortSignal | undefined;
}

/** One launch: whose browser, and the proxy on loopback that is its only way out. */
export interface BrowserLaunch extends BrowserIdentity {
  proxyServer: string;
}

/** How a browser ended; `hung`: it did not answer any more, and was killed for that. */
export interface BrowserExit extends ProcessExit {
  hung: boolean;
}

/** A Chromium with a page open, in a directory of its own; all of it ends as one. */
export class Browser {
  readonly pid: number;
  readonly endpoint: DebuggingEndpoint;
  readonly pages: Pages;
  /** Settles once the processes *and* the directory are gone, whichever way the browser ended. */
  readonly exited: Promise<BrowserExit>;
  readonly directory: BrowserDirectory;
  readonly #chromium: Chromium;
  readonly #page: DefaultPageSession;
  readonly #owned: AsyncDisposableStack;

  /** `owned` has all that ends with the browser. */
  constructor(
    chromium: Chromium,
    directory: BrowserDirectory,
    pages: Pages,
    owned: AsyncDisposableStack,
    { healthCheck, log }: Pick<BrowserSettings, 'healthCheck' | 'log'>,
  ) {
    this.#chromium = chromium;
    this.#owned = owned;
    this.directory = directory;
    this.pid = chromium.pid;
    this.endpoint = chromium.endpoint;
    this.pages = pages;
    this.#page = new DefaultPageSession(chromium.pipe, pages);
    let hung = false;
    const check = new HealthCheck(
      (signal) => this.version(signal),
      healthCheck,
      () => {
        hung = true;
        chromium.kill();
      },
    );
    this.exited = chromium.exited.then(async (exit) => {
      check[Symbol.dispose]();
      try {
        await owned.disposeAsync();
      } catch (err) {
        log.error({ err, directory: directory.path }, 'a browser could not be released');
      }
      return { ...exit, hung };
    });
  }

  /** Makes something end with the browser, before its processes and its directory do. */
  own<T extends AsyncDisposable | Disposable>(resource: T): T {
    return this.#owned.use(resource);
  }

  /**
   * Ends the browser in order, so that it writes what it holds back, and resolves when nothing of it
   * is left. One that takes too long is killed.
   */
  async close(): Promise<void> {
    const late = AbortSignal.timeout(CLOSE_TIMEOUT_MS);
    const kill = () => this.#chromium.kill();
    late.addEventListener('abort', kill, { once: true });
    // Its answer may go with the pipe.
    this.#chromium.pipe.send('Browser.close', {}, Nothing, late).catch(() => undefined);
    await this.exited;
    late.removeEventListener('abort', kill);
  }

  /** Ends the browser now and resolves when nothing of it is left. */
  async kill(): Promise<void> {
    this.#chromium.kill();
    await this.exited;
  }

  /** Loads an unpacked extension, and resolves with Chromium's id of it. Throws what Chromium says. */
  loadExtension(path: string, signal: AbortSignal): Promise<string> {
    return loadExtension(this.#chromium.pipe, path, signal);
  }

  /** Tells how an extension does that was loaded into a browser for trials. */
  reportOnExtension(id: string, signal: AbortSignal): Promise<ExtensionTrial> {
    return reportOnExtension(this.#chromium.pipe, id, signal);
  }

  /** Throws unless it answers, with its page there as far as it knows. */
  async assertWell(signal: AbortSignal): Promise<void> {
    await this.version(signal);
    if (!this.pages.areWell) throw new Error('the page of the browser is gone');
  }

  /**
   * Throws unless the default page itself answers; the first time also prepares it for what every
   * client does first. Takes a session with the page, until `leavePage`.
   */
  async checkPage(signal: AbortSignal): Promise<void> {
    await this.#page.evaluate('1 + 1', signal);
  }

  /** Leaves the default page to clients. */
  leavePage(): void {
    this.#page.leave();
  }

  /** By how much the window of the default page is higher than the page. */
  async windowChromeHeight(signal: AbortSignal): Promise<number> {
    const { pipe } = this.#chromium;
    const target = { targetId: this.pages.defaultPageId };
    const height = await this.#page.evaluate(PAGE_HEIGHT, signal);
    // The page itself learns the size of its window some time later, or never when it is hidden.
    const { bounds } = await pipe.send('Browser.getWindowForTarget', target, Window, signal);
    return bounds.height - height;
  }

  /** What the browser says of itself. */
  version(signal: AbortSignal): Promise<z.infer<typeof Version>> {
    return this.#chromium.pipe.send('Browser.getVersion', {}, Version, signal);
  }
}

/**
 * Throws ChromiumLaunchError, or what `signal` aborts with; nothing is left behind then. Once in
 * some thousand launches Chromium hangs before it listens: it is given up early, and started anew.
 */
export async function launchBrowser(
  settings: BrowserSettings,
  launch: BrowserLaunch,
  signal: AbortSignal,
): Promise<Browser> {
  const { launchTimeoutMs, log } = settings;
  const attempts = Math.max(1, Math.min(ATTEMPTS, Math.floor(launchTimeoutMs / ATTEMPT_MIN_MS)));
  for (let attempt = 1; ; attempt++) {
    using deadline = openDeadline(launchTimeoutMs / attempts, launch.hurry);
    const late = deadline.signal;
    try {
      return await attemptLaunch(settings, launch, AbortSignal.any([signal, late]));
    } catch (err) {
      if (attempt === attempts || signal.aborted || !late.aborted) throw err;
      log.warn({ err }, 'a Chromium that did not come up is started anew');
    }
  }
}

async function attemptLaunch(
  settings: BrowserSettings,
  { userDataDir, fingerprint, proxyServer, isTrial, hurry }: BrowserLaunch,
  timed: AbortSignal,
): Promise<Browser> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await openBrowserDirectory(settings.root, userDataDir));
  const { locale } = fingerprint;
  await writePreferences(directory.userDataDir, {
    extensionPaths: [STAGEHAND_EXTENSION, ...settings.extensionPathsOf(directory.name)],
    locale,
    isTrial,
  });
  const chromium = stack.use(
    await launchChromium(
      {
        executablePath: settings.executablePath,
        flags: chromiumFlags({
          ...settings,
          fingerprint,
          proxyServer,
          userDataDir: directory.userDataDir,
        }),
        env: { ...settings.env, ...directory.env, ...environmentOf(fingerprint) },
        hurry,
      },
      timed,
    ),
  );
  const pages = new Pages(chromium.pipe, await openDefaultPage(chromium, timed));
  await pages.discover(timed);
  return new Browser(chromium, directory, pages, stack.move(), settings);
}

/** Where Chromium learns these from. */
function environmentOf({ timezone, locale }: Fingerprint): Record<string, string> {
  return {
    ...(timezone !== undefined && { TZ: timezone }),
    ...(locale !== undefined && { LANGUAGE: locale.replaceAll('-', '_') }),
  };
}

async function openDefaultPage(chromium: Chromium, signal: AbortSignal): Promise<DefaultPage> {
  const { pipe } = chromium;
  const created = await pipe.send(
    'Target.createTarget',
    { url: 'about:blank' },
    CreatedTarget,
    signal,
  );
  const info = await pipe.send(
    'Target.getTargetInfo',
    { targetId: created.targetId },
    TargetInfo,
    signal,
  );
  return { contextId: info.targetInfo.browserContextId, pageId: created.targetId };
}
