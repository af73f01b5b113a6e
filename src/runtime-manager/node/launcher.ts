import type { Browser, BrowserIdentity, BrowserSettings } from '../browser/browser.ts';
import { ChromiumLaunchError } from '../browser/chromium.ts';
import type { Forwarder, ForwarderOptions } from '../egress/forwarder.ts';
import { addUsage, NO_USAGE, type Usage } from '../egress/outbound-connections.ts';
import { RuntimeError } from '../errors.ts';
import { STAGEHAND_EXTENSION } from '../browser/stagehand-extension.ts';
import { Endpoints } from '../connections/endpoints.ts';
import { launchConfined, type ConfinedBrowser } from './confined-browser.ts';
import { describeLaunch, NO_PROFILE } from './probe.ts';
import type { ReachableBrowser } from './reachable-browser.ts';

export interface LauncherOptions {
  settings: BrowserSettings;
  /** Where browsers may go, and by which proxies. */
  egress: ForwarderOptions;
  /** Without one, WebDriver is not available. */
  chromedriverPath: string | undefined;
}

/** Launches all browsers of this machine, and knows them until they are gone. */
export class Launcher {
  readonly settings: BrowserSettings;
  readonly #egress: ForwarderOptions;
  readonly #chromedriverPath: string | undefined;
  /** How many launches there were, by how they ended. */
  readonly launches = { launched: 0, failed: 0 };
  readonly #running = new Map<Browser, Forwarder>();
  #endedUsage = NO_USAGE;
  #launchable = true;
  #probe: Promise<void> | undefined;

  constructor({ settings, egress, chromedriverPath }: LauncherOptions) {
    this.settings = settings;
    this.#egress = egress;
    this.#chromedriverPath = chromedriverPath;
  }

  /** What went through the connections of all browsers so far. */
  get usage(): Usage {
    const all = [...this.#running.values()].map(({ usage }) => usage);
    return all.reduce(addUsage, this.#endedUsage);
  }

  /** Throws `runtime.launch_failed`, or what `signal` aborts with. */
  async launch(identity: BrowserIdentity, signal: AbortSignal): Promise<ReachableBrowser> {
    try {
      const launched = await launchConfined(this.settings, identity, this.#egress, signal);
      this.#launchable = true;
      this.launches.launched++;
      this.#follow(launched);
      return { ...launched, endpoints: this.#endpointsOf(launched) };
    } catch (cause) {
      signal.throwIfAborted();
      this.#launchable = false;
      this.launches.failed++;
      const output = cause instanceof ChromiumLaunchError ? cause.output : undefined;
      this.settings.log.error({ err: cause, output }, 'a browser could not be launched');
      throw new RuntimeError('runtime.launch_failed', describeLaunch(cause), { cause });
    }
  }

  /** True as long as launches succeed; after a failure one more is tried, for all who ask. */
  async isLaunchable(): Promise<boolean> {
    if (this.#launchable) return true;
    this.#probe ??= this.#tryLaunch().finally(() => {
      this.#probe = undefined;
    });
    await this.#probe;
    return this.#launchable;
  }

  /** Ends what still runs; resolves when nothing of any browser is left. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((browser) => browser.kill()));
  }

  /** They open nothing before a client comes. */
  #endpointsOf({ browser, forwarder }: ConfinedBrowser): Endpoints {
    const { endpoint, directory } = browser;
    return browser.own(
      new Endpoints({
        endpoint,
        files: { directory: directory.path, stagehandExtension: STAGEHAND_EXTENSION },
        env: { ...this.settings.env, ...directory.env },
        chromedriverPath: this.#chromedriverPath,
        proxyPort: forwarder.port,
        ownPorts: this.#egress.ownPorts,
      }),
    );
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
