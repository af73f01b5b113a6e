import type { Browser } from '../browser/browser.ts';
import type { BrowserIdentity, BrowserSettings } from '../browser/launch-browser.ts';
import { ChromiumLaunchError } from '../browser/chromium.ts';
import { TooSlowError } from '../browser/launch-deadline.ts';
import type { Forwarder, ForwarderOptions } from '../egress/forwarder.ts';
import { addUsage, NO_USAGE, type Usage } from '../runtime/usage.ts';
import { RuntimeError } from '../errors.ts';
import type { Jail } from './jail/jail.ts';
import type { BrowserDirectory } from '../browser/browser-directory.ts';
import type { RuntimeFiles } from '../connections/cdp/cdp-policy.ts';
import { Endpoints } from '../connections/endpoints.ts';
import { launchConfined, type ConfinedBrowser } from './confined-browser.ts';
import { inSpan } from '../tracing/tracing.ts';
import { describeLaunch, NO_PROFILE } from './probe.ts';
import { RecentLaunches } from './recent-launches.ts';
import type { ReachableBrowser } from './reachable-browser.ts';

const SLOW_RETRY_AFTER_S = 30;

export interface LauncherOptions {
  settings: BrowserSettings;
  /** Where browsers may go, and through which proxies. */
  egress: ForwarderOptions;
  /** Without one, WebDriver is not available. */
  chromedriverPath: string | undefined;
  /** Without one, no videos are recorded. */
  ffmpegPath: string | undefined;
}

/** Launches all browsers of this machine, and knows them until they are gone. */
export class Launcher {
  readonly settings: BrowserSettings;
  readonly #egress: ForwarderOptions;
  readonly #programs: Pick<LauncherOptions, 'chromedriverPath' | 'ffmpegPath'>;
  /** How many launches succeeded, and how many failed. */
  readonly launches = { launched: 0, failed: 0 };
  readonly recent = new RecentLaunches();
  readonly #running = new Map<Browser, Forwarder>();
  /** Aborts when all browsers are to end; aborted: none may be launched. */
  #halt = new AbortController();
  #endedUsage = NO_USAGE;
  #launchable = true;
  #probe: Promise<void> | undefined;

  constructor({ settings, egress, ...programs }: LauncherOptions) {
    this.settings = settings;
    this.#egress = egress;
    this.#programs = programs;
  }

  get running(): Iterable<Browser> {
    return this.#running.keys();
  }

  /** What went through the connections of all browsers so far. */
  get usage(): Usage {
    const all = [...this.#running.values()].map(({ usage }) => usage);
    return all.reduce(addUsage, this.#endedUsage);
  }

  /**
   * Throws `runtime.launch_failed`, `runtime.no_capacity` where the machine is too slow,
   * `service.shutting_down` while it is halted, or what `givenUp` aborts with.
   */
  launch(identity: BrowserIdentity, givenUp: AbortSignal): Promise<ReachableBrowser> {
    const isAhead = identity.hurry !== undefined;
    return inSpan('browser.launch', { 'bctrl.launch.ahead': isAhead }, async (span) => ({
      ...(await this.#launch(identity, givenUp)),
      launchSpan: span.at,
    }));
  }

  async #launch(
    identity: BrowserIdentity,
    givenUp: AbortSignal,
  ): Promise<Omit<ReachableBrowser, 'launchSpan'>> {
    const began = performance.now();
    const signal = AbortSignal.any([givenUp, this.#halt.signal]);
    try {
      signal.throwIfAborted();
      const launched = await launchConfined(this.settings, identity, this.#egress, signal);
      this.#launchable = true;
      this.launches.launched++;
      this.recent.note(performance.now() - began);
      this.#follow(launched);
      return { ...launched, endpoints: this.#endpointsOf(launched) };
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof TooSlowError) throw tooSlow(cause);
      this.#launchable = false;
      this.launches.failed++;
      this.recent.note(undefined);
      const output = cause instanceof ChromiumLaunchError ? cause.output : undefined;
      this.settings.log.error({ err: cause, output }, 'a browser could not be launched');
      throw new RuntimeError('runtime.launch_failed', describeLaunch(cause), { cause });
    }
  }

  /** True as long as launches succeed. After a failure, one more launch is tried for all callers together. */
  async isLaunchable(): Promise<boolean> {
    if (this.#launchable) return true;
    this.#probe ??= this.#tryLaunch().finally(() => {
      this.#probe = undefined;
    });
    await this.#probe;
    return this.#launchable;
  }

  /** Kills all browsers; resolves when nothing of any of them is left. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((browser) => browser.kill()));
  }

  get isHalted(): boolean {
    return this.#halt.signal.aborted;
  }

  /** Kills all browsers, also those that are being launched, and launches none until `resume`. */
  async halt(): Promise<void> {
    const message = 'The machine of the runtime ends its browsers.';
    this.#halt.abort(new RuntimeError('service.shutting_down', message));
    await this.endAll();
  }

  resume(): void {
    this.#halt = new AbortController();
  }

  /** Endpoints open nothing before a client connects. */
  #endpointsOf({ browser, forwarder, joinContexts }: ConfinedBrowser): Endpoints {
    const { endpoint, directory, downloads, permissions, pages } = browser;
    const { env, jail } = this.settings;
    const endpoints = browser.own(
      new Endpoints({
        endpoint,
        directory,
        files: { ...filesOf(directory), contextProxyPort: contextProxyPort(browser, jail) },
        shared: { downloads: downloads.wishes, permissions, defaultContextId: pages.contextId },
        env,
        jail,
        ...this.#programs,
        acceptProxied: forwarder.acceptHelper,
      }),
    );
    joinContexts((socket, port) => endpoints.joinPlaywright(socket, port));
    return endpoints;
  }

  #follow({ browser, forwarder }: ConfinedBrowser): void {
    this.#running.set(browser, forwarder);
    void browser.exited.then(() => {
      this.#running.delete(browser);
      this.#endedUsage = addUsage(this.#endedUsage, forwarder.usage);
    });
  }

  async #tryLaunch(): Promise<void> {
    try {
      const { browser } = await this.launch(NO_PROFILE, new AbortController().signal);
      await browser.kill();
    } catch {
      this.#launchable = false;
    }
  }
}

/** Neither the browser nor the request is at fault. */
export function tooSlow(cause: unknown): RuntimeError {
  return new RuntimeError('runtime.no_capacity', 'The machine is too busy to launch a browser.', {
    cause,
    retryAfterSeconds: SLOW_RETRY_AFTER_S,
  });
}

/** The files of a browser that clients may name. */
export function filesOf({ files, stagehandExtension }: BrowserDirectory): RuntimeFiles {
  return { ...files, stagehandExtension: stagehandExtension.seen };
}

/** Undefined without a jail, where the proxy's address would be on the machine's own loopback. */
function contextProxyPort({ socksPort }: Browser, { level }: Jail): number | undefined {
  return level === 'namespaces' ? socksPort : undefined;
}
