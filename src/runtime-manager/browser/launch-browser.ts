import type { Logger } from 'pino';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import type { Jail } from '../machine/jail/jail.ts';
import type { Fingerprint } from '../profiles/profile.ts';
import {
  openBrowserDirectory,
  type BrowserDirectory,
  type BrowserRoots,
} from './browser-directory.ts';
import { mountsOf } from './browser-mounts.ts';
import { Browser } from './browser.ts';
import type { CdpSession } from './cdp/cdp-session.ts';
import { launchChromium } from './chromium.ts';
import { giveClientHints, type ClientHints } from './client-hints.ts';
import { Downloads } from './downloads.ts';
import { chromiumFlags } from './flags.ts';
import type { BrowserFlavor } from './flavor.ts';
import type { HealthCheckTimes } from './health-check.ts';
import { openDeadline, TooSlowError, type LaunchDeadline } from './launch-deadline.ts';
import { seenPart } from './own-files.ts';
import { giveTo } from './ownership.ts';
import { inSpan } from '../tracing/tracing.ts';
import { Pages, type DefaultPage } from './pages/pages.ts';
import { writePreferences } from './preferences.ts';

const ATTEMPTS = 3;
const ATTEMPT_MIN_MS = 5000;

/**
 * The encoding of files' names. Chromium otherwise calls a file just "download" whose name is not
 * ASCII, unless the service's own environment happens to have such an encoding.
 */
const ENCODING = { LC_CTYPE: 'C.UTF-8' };

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
  /** The hints of this Chromium; undefined until they are known. */
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
  /** Undefined: a fresh directory, which is removed with the browser. */
  userDataDir: string | undefined;
  fingerprint: Fingerprint;
  /** Whether the browser is only there to try extensions out. */
  isTrial: boolean;
  /** The launch has low priority until this aborts; undefined: normal priority. */
  hurry?: AbortSignal | undefined;
}

/** One launch: the browser's identity, and the proxy that takes its connections to the outside. */
export interface BrowserLaunch extends BrowserIdentity {
  accept: ProxyFronts;
}

/** The proxy that is a browser's only way out, with a handler for each protocol it speaks. */
export interface ProxyFronts {
  /** Takes connections for tunnelled traffic. */
  http: (socket: Socket) => void;
  /** Takes connections for plain `http:` requests. */
  socks: (socket: Socket) => void;
}

/**
 * Throws ChromiumLaunchError, TooSlowError, or the reason of `signal`; a failed launch leaves
 * nothing behind. Once in some thousand launches Chromium hangs before it listens: the service
 * gives that attempt up early, and launches Chromium anew.
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
        env: { ...ENCODING, ...settings.env, ...directory.env, ...environmentOf(fingerprint) },
        mounts: mountsOf(directory, userDataDir === undefined, settings.directoryBytes),
        accept: [accept.http, accept.socks],
        hurry,
        onSpawned: (pid) => deadline.watch(pid),
      },
      timed,
    ),
  );
  const { session } = chromium;
  const { healthCheck, log } = settings;
  await nameChromium(session, settings, fingerprint, timed);
  const pages = new Pages(session, await openDefaultPage(session, timed));
  const downloads = stack.use(new Downloads(session, directory.files, log));
  await Promise.all([pages.discover(timed), downloads.discover(timed)]);
  const owned = stack.move();
  return new Browser({ chromium, directory, pages, downloads, owned, healthCheck, log });
}

/** Gives the hints to a browser with its own user agent: the command line sets only the latter. */
async function nameChromium(
  session: CdpSession,
  { clientHints: hints }: BrowserSettings,
  { userAgent }: Fingerprint,
  signal: AbortSignal,
): Promise<void> {
  if (userAgent === undefined || !hints) return;
  await giveClientHints(session, { userAgent, hints }, signal);
}

/** All paths, as the browser sees them, that its extensions may be loaded from. */
function extensionPaths(directory: BrowserDirectory, count: number): string[] {
  const { stagehandExtension, extensions, indexedExtensions } = directory;
  const nths = Array.from({ length: count }, (_, nth) => String(nth));
  const folders = [extensions.seen, indexedExtensions.seen];
  return [stagehandExtension.seen, ...folders.flatMap((one) => nths.map((nth) => join(one, nth)))];
}

/** The variables from which Chromium learns the time zone and the language. */
function environmentOf({ timezone, locale }: Fingerprint): Record<string, string> {
  return {
    ...(timezone !== undefined && { TZ: timezone }),
    ...(locale !== undefined && { LANGUAGE: locale.replaceAll('-', '_') }),
  };
}

function openDefaultPage(session: CdpSession, signal: AbortSignal): Promise<DefaultPage> {
  return inSpan('browser.first_page', {}, () => makeDefaultPage(session, signal));
}

async function makeDefaultPage(session: CdpSession, signal: AbortSignal): Promise<DefaultPage> {
  const page = { url: 'about:blank' };
  const { targetId } = await session.send('Target.createTarget', page, { signal });
  const { targetInfo } = await session.send('Target.getTargetInfo', { targetId }, { signal });
  const { browserContextId: contextId } = targetInfo;
  if (contextId === undefined) throw new Error('the first page is in no browser context');
  return { contextId, pageId: targetId };
}
