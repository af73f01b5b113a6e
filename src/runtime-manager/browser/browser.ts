import { z } from 'zod';
import type { Logger } from 'pino';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { Jail } from '../machine/jail/jail.ts';
import { signalGroup } from '../machine/jail/process-group.ts';
import {
  openBrowserDirectory,
  type BrowserDirectory,
  type BrowserRoots,
} from './browser-directory.ts';
import { seenPart } from './own-files.ts';
import { giveTo } from './ownership.ts';
import { mountsOf } from './browser-mounts.ts';
import type { CdpPipe } from './cdp/cdp-pipe.ts';
import {
  launchChromium,
  type Chromium,
  type DebuggingEndpoint,
  type ProcessExit,
} from './chromium.ts';
import type { ExtensionTrial } from '../extensions/extensions.ts';
import type { Fingerprint } from '../profiles/profile.ts';
import { giveClientHints, readClientHints, type ClientHints } from './client-hints.ts';
import { DefaultPageSession } from './pages/default-page-session.ts';
import { Downloads } from './downloads.ts';
import { loadExtension, reportOnExtension } from './extension-loading.ts';
import { chromiumFlags } from './flags.ts';
import type { BrowserFlavor } from './flavor.ts';
import { HealthCheck, type HealthCheckTimes } from './health-check.ts';
import { openDeadline, TooSlowError, type LaunchDeadline } from './launch-deadline.ts';
import { Pages, type DefaultPage } from './pages/pages.ts';
import { Permissions } from './permissions.ts';
import { writePreferences } from './preferences.ts';
import { ProcessActivity } from './process-activity.ts';
import { untilAborted } from '../timing/until-aborted.ts';

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
const Version = z.object({ product: z.string() });

/** What every browser of this machine is launched with. */
export interface BrowserSettings {
  executablePath: string;
  flavor: BrowserFlavor;
  roots: BrowserRoots;
  /** Where browsers and their helpers run. */
  jail: Jail;
  /** How much a browser may keep in memory as its files. */
  directoryBytes: number;
  /** The environment Chromium gets beside HOME and TMPDIR; nothing of the service's own. */
  env: Record<string, string>;
  sandbox: boolean;
  /** Of this Chromium; undefined until they are known. */
  clientHints: ClientHints | undefined;
  launchTimeoutMs: number;
  healthCheck: HealthCheckTimes;
  /** By how much a window is higher than its page, in CSS pixels. */
  windowChromeHeight: number;
  /** How many extensions a browser may have. */
  maxExtensions: number;
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

/** One launch: whose browser, and who takes its connections to the outside. */
export interface BrowserLaunch extends BrowserIdentity {
  accept: ProxyFronts;
}

/** The proxy that is a browser's only way out, by what it speaks. */
export interface ProxyFronts {
  /** For all that is tunnelled. */
  http: (socket: Socket) => void;
  /** For `http:` requests as they are. */
  socks: (socket: Socket) => void;
}

/** For what the service kills a browser: it does not answer, or keeps more on disk than it may. */
export type KillReason = 'hung' | 'disk_limit';

/** How a browser ended, and for what the service killed it, if it did. */
export interface BrowserExit extends ProcessExit {
  killedFor: KillReason | undefined;
}

/** A Chromium with a page open, in a directory of its own; all of it ends as one. */
export class Browser {
  readonly pid: number;
  readonly endpoint: DebuggingEndpoint;
  /** Where it finds its way out for `http:` requests. */
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
    [, this.socksPort] = chromium.ports;
    this.pages = pages;
    this.downloads = new Downloads(chromium.pipe, directory.files, log);
    this.permissions = new Permissions(chromium.pipe);
    this.#page = new DefaultPageSession(chromium.pipe, pages);
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

  /** Ends the browser now, and makes its end say why. */
  killFor(reason: KillReason): void {
    this.#killedFor ??= reason;
    this.#chromium.kill();
  }

  /**
   * Stops every process of it while `work` is done: none is in the middle of a write then. Throws
   * what `work` throws, or an error when it takes too long; the browser goes on in any case.
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

  /** What it tells pages of itself. Takes the default page to another address. */
  async clientHints(signal: AbortSignal): Promise<ClientHints> {
    return readClientHints(this.#chromium.pipe, this.pages.defaultPageId ?? '', signal);
  }

  /** What the browser says of itself. */
  version(signal: AbortSignal): Promise<z.infer<typeof Version>> {
    return this.#chromium.pipe.send('Browser.getVersion', {}, Version, signal);
  }
}

/**
 * Throws ChromiumLaunchError, TooSlowError, or what `signal` aborts with; nothing is left behind then. Once in
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
      return await attemptLaunch(settings, launch, signal, deadline);
    } catch (err) {
      if (signal.aborted || !late.aborted) throw err;
      if (late.reason instanceof TooSlowError) throw late.reason;
      if (attempt === attempts) throw err;
      log.warn({ err }, 'a Chromium that did not come up is started anew');
    }
  }
}

async function attemptLaunch(
  settings: BrowserSettings,
  { userDataDir, fingerprint, accept, isTrial, hurry }: BrowserLaunch,
  signal: AbortSignal,
  deadline: LaunchDeadline,
): Promise<Browser> {
  const timed = AbortSignal.any([signal, deadline.signal]);
  const { jail, maxExtensions } = settings;
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await openBrowserDirectory(settings.roots, jail, userDataDir));
  const { locale } = fingerprint;
  await writePreferences(directory.userData.path, {
    extensionPaths: extensionPaths(directory, maxExtensions),
    downloadsPath: seenPart(directory.files, 'downloads'),
    locale,
    isTrial,
  });
  if (jail.owner && userDataDir !== undefined) await giveTo(jail.owner, userDataDir);
  const chromium = stack.use(
    await launchChromium(
      {
        jail,
        directory: directory.path,
        command: ([http = 0, socks = 0]) => [
          settings.executablePath,
          ...chromiumFlags({
            ...settings,
            fingerprint,
            forwarder: { http, socks },
            userDataDir: directory.userData.seen,
          }),
        ],
        env: { ...settings.env, ...directory.env, ...environmentOf(fingerprint) },
        mounts: mountsOf(directory, userDataDir === undefined, settings.directoryBytes),
        accept: [accept.http, accept.socks],
        hurry,
        onSpawned: (pid) => deadline.watch(pid),
      },
      timed,
    ),
  );
  await nameChromium(chromium.pipe, settings, fingerprint, timed);
  const pages = new Pages(chromium.pipe, await openDefaultPage(chromium, timed));
  await pages.discover(timed);
  return new Browser(chromium, directory, pages, stack.move(), settings);
}

/** A user agent of its own came with the command line; its hints come after. */
async function nameChromium(
  pipe: CdpPipe,
  { clientHints: hints }: BrowserSettings,
  { userAgent }: Fingerprint,
  signal: AbortSignal,
): Promise<void> {
  if (userAgent === undefined || !hints) return;
  await giveClientHints(pipe, { userAgent, hints }, signal);
}

/** All paths that extensions of a browser may be loaded from, as it sees them. */
function extensionPaths(directory: BrowserDirectory, count: number): string[] {
  const { stagehandExtension, extensions, indexedExtensions } = directory;
  const nths = Array.from({ length: count }, (_, nth) => String(nth));
  const folders = [extensions.seen, indexedExtensions.seen];
  return [stagehandExtension.seen, ...folders.flatMap((one) => nths.map((nth) => join(one, nth)))];
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
