import type { Logger } from 'pino';
import type { BrowserIdentity, BrowserSettings } from '../browser/browser.ts';
import {
  assertUsableRoot,
  removeBrowserRoot,
  resetBrowserRoot,
} from '../browser/browser-directory.ts';
import { ChromiumLaunchError } from '../browser/chromium.ts';
import type { HealthCheckTimes } from '../browser/health-check.ts';
import { Locales } from '../browser/locales.ts';
import { STAGEHAND_EXTENSION } from '../browser/stagehand-extension.ts';
import { Endpoints } from '../connections/endpoints.ts';
import { Dialer } from '../egress/dial.ts';
import type { Forwarder, ForwarderOptions } from '../egress/forwarder.ts';
import { addUsage, NO_USAGE, type Usage } from '../egress/outbound-connections.ts';
import type { Route } from '../egress/route.ts';
import { RuntimeError } from '../errors.ts';
import type { LoadedExtension } from '../extensions/extension.ts';
import type { ExtensionTrial } from '../extensions/extensions.ts';
import type { Fingerprint } from '../profiles/profile.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { launchConfined, type ConfinedBrowser } from './confined-browser.ts';
import { ExtensionCache } from './extension-cache.ts';
import { loadExtensions, tryExtension, unpackExtensions } from './local-extensions.ts';
import { availableMemory, browserMemory } from './memory.ts';
import { killProcessesUnder } from './process-table.ts';
import { LocalProfile } from './local-profile.ts';
import { StateConverter } from './state-converter.ts';
import { ReadyStates } from './ready-states.ts';
import { describeLaunch, NOBODY, probe, type Probed } from './probe.ts';
import type { LaunchSpec, NodeBrowser, ProfileUse, RuntimeNode } from './runtime-node.ts';

const TRIAL_TIMEOUT_MS = 20_000;
/** Reading what processes use is work for the kernel. */
const MEASURE_INTERVAL_MS = 30_000;

export interface LocalNodeOptions {
  id: string;
  executablePath: string;
  /** Without one, WebDriver is not available. */
  chromedriverPath: string | undefined;
  /** A directory that is this node's alone; emptied at the start, removed at the end. */
  root: string;
  /** Where profiles lie while browsers use them; kept, for what a crash leaves there. */
  checkoutRoot: string;
  /** Where extensions lie unpacked while browsers use them; emptied at the start and at the end. */
  extensionRoot: string;
  /** Where profiles and extensions are loaded from, and profiles saved to. */
  storage: ObjectStorage;
  env: Record<string, string>;
  launchTimeoutMs: number;
  healthCheck: HealthCheckTimes;
  /** Where browsers may go, and by which proxies. */
  egress: ForwarderOptions;
  /** What is to stay free of the machine's memory. */
  memoryFloorBytes: number;
  log: Logger;
}

/** This machine. */
export class LocalNode implements RuntimeNode {
  readonly id: string;
  readonly #settings: BrowserSettings;
  readonly #chromedriverPath: string | undefined;
  readonly #checkoutRoot: string;
  readonly #storage: ObjectStorage;
  readonly #locales: Locales;
  readonly #ready: ReadyStates;
  readonly #extensions: ExtensionCache;
  readonly #egress: ForwarderOptions;
  readonly #memoryFloorBytes: number;
  readonly #measuring: NodeJS.Timeout;
  readonly #forwarders = new Set<Forwarder>();
  #endedUsage = NO_USAGE;
  #trials: Promise<unknown> = Promise.resolve();
  #browserBytes: number;
  #allBrowsersBytes = 0;
  #launchable = true;
  #probe: Promise<void> | undefined;

  private constructor(
    options: LocalNodeOptions,
    { settings, browserBytes }: Probed,
    { locales, ready, extensions }: LocalParts,
  ) {
    this.id = options.id;
    this.#settings = settings;
    this.#chromedriverPath = options.chromedriverPath;
    this.#checkoutRoot = options.checkoutRoot;
    this.#storage = options.storage;
    this.#locales = locales;
    this.#ready = ready;
    this.#extensions = extensions;
    this.#egress = options.egress;
    this.#memoryFloorBytes = options.memoryFloorBytes;
    this.#browserBytes = browserBytes;
    this.#measuring = setInterval(() => void this.#measure(), MEASURE_INTERVAL_MS).unref();
  }

  /**
   * Ends what a previous life left, and launches one browser to learn whether Chromium starts here,
   * with its sandbox or without, what it calls itself and how much memory it takes. Throws with what
   * Chromium said when it does not start.
   */
  static async open(options: LocalNodeOptions): Promise<LocalNode> {
    const { executablePath, root, env, launchTimeoutMs, healthCheck, egress, log } = options;
    assertUsableRoot(root);
    const orphans = await killProcessesUnder(root);
    if (orphans.length > 0) log.warn({ count: orphans.length }, 'orphaned processes were ended');
    await resetBrowserRoot(root);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) log.warn('running as root: Chromium runs without its sandbox');
    const settings = {
      executablePath,
      root,
      env,
      launchTimeoutMs,
      healthCheck,
      log,
      sandbox: !isRoot,
      userAgent: undefined,
      windowChromeHeight: 0,
    };
    const probed = await probe(settings, egress);
    return new LocalNode(options, probed, {
      locales: await Locales.read(executablePath),
      ready: await ReadyStates.open(`${options.checkoutRoot}-ready`),
      extensions: await ExtensionCache.open(options.extensionRoot, options.storage),
    });
  }

  /** What all browsers used when it was last measured. */
  get browserMemoryBytes(): number {
    return this.#allBrowsersBytes;
  }

  /** What went through the connections of all browsers so far. */
  get usage(): Usage {
    const all = [...this.#forwarders].map(({ usage }) => usage);
    return all.reduce(addUsage, this.#endedUsage);
  }

  hasMemory(launching: number): boolean {
    const needed = (launching + 1) * this.#browserBytes + this.#memoryFloorBytes;
    return availableMemory() >= needed;
  }

  async #measure(): Promise<void> {
    const { bytes, browsers } = await browserMemory(this.#settings.root);
    this.#allBrowsersBytes = bytes;
    if (browsers > 0) this.#browserBytes = bytes / browsers;
  }

  async launch(spec: LaunchSpec, signal: AbortSignal): Promise<NodeBrowser> {
    const { profile: use, extensions } = spec;
    if (use) this.#assertLocale(use.fingerprint);
    await using stack = new AsyncDisposableStack();
    const unpacked = await unpackExtensions(this.#extensions, extensions, stack);
    const profile = use && (await this.#openProfile(use));
    let launched: ConfinedBrowser | undefined;
    try {
      launched = await this.#launch(signal, {
        userDataDir: profile?.userDataDir,
        fingerprint: use?.fingerprint ?? {},
        extensionIds: extensions.map(({ runtimeExtensionId }) => runtimeExtensionId),
        isTrial: false,
      });
      launched.browser.own(stack.move());
      await profile?.begin(launched.browser.pid);
      const loaded = await loadExtensions(launched.browser, unpacked, signal);
      return this.#withEndpoints(launched, profile, loaded);
    } catch (error) {
      await launched?.browser.kill();
      await profile?.release();
      throw error;
    }
  }

  /**
   * Loads an unpacked extension in a browser of its own, and tells how it did. One at a time: trials
   * are beside the runtimes that were admitted.
   */
  tryExtension(directory: string): Promise<ExtensionTrial> {
    const trial = this.#trials.then(() => this.#tryExtension(directory));
    this.#trials = trial.catch(() => undefined);
    return trial;
  }

  async #tryExtension(directory: string): Promise<ExtensionTrial> {
    const signal = AbortSignal.timeout(TRIAL_TIMEOUT_MS);
    const { browser } = await this.#launch(signal, { ...NOBODY, isTrial: true });
    try {
      return await tryExtension(browser, directory, signal);
    } finally {
      await browser.kill();
    }
  }

  checkRoute(route: Route, signal: AbortSignal): Promise<void> {
    return new Dialer(this.#egress, route).check(signal);
  }

  #openProfile(use: ProfileUse): Promise<LocalProfile> {
    return LocalProfile.open(use, this.#checkoutRoot, this.#storage, this.#ready);
  }

  async #launch(signal: AbortSignal, identity: BrowserIdentity): Promise<ConfinedBrowser> {
    try {
      const launched = await launchConfined(this.#settings, identity, this.#egress, signal);
      this.#launchable = true;
      this.#count(launched);
      return launched;
    } catch (cause) {
      signal.throwIfAborted();
      this.#launchable = false;
      const output = cause instanceof ChromiumLaunchError ? cause.output : undefined;
      this.#settings.log.error({ err: cause, output }, 'a browser could not be launched');
      throw new RuntimeError('runtime.launch_failed', describeLaunch(cause), { cause });
    }
  }

  #count({ browser, forwarder }: ConfinedBrowser): void {
    this.#forwarders.add(forwarder);
    void browser.exited.then(() => {
      this.#forwarders.delete(forwarder);
      this.#endedUsage = addUsage(this.#endedUsage, forwarder.usage);
    });
  }

  #assertLocale({ locale }: Fingerprint): void {
    if (locale === undefined || this.#locales.has(locale)) return;
    throw new RuntimeError(
      'profile.locale_unavailable',
      `Chromium has no language ${locale} on this machine: install chromium-l10n.`,
      { details: { locale } },
    );
  }

  #withEndpoints(
    { browser, forwarder }: ConfinedBrowser,
    profile: LocalProfile | undefined,
    extensions: LoadedExtension[],
  ): NodeBrowser {
    const { endpoint, directory, pages, exited } = browser;
    const endpoints = browser.own(
      new Endpoints({
        endpoint,
        files: { directory: directory.path, stagehandExtension: STAGEHAND_EXTENSION },
        env: { ...this.#settings.env, ...directory.env },
        chromedriverPath: this.#chromedriverPath,
        proxyPort: forwarder.port,
        ownPorts: this.#egress.ownPorts,
      }),
    );
    return {
      endpoints,
      pages,
      forwarder,
      extensions,
      profile,
      exited,
      directory: directory.name,
      close: () => browser.close(),
      kill: () => browser.kill(),
    };
  }

  /** What turns saved states into other forms, and back. */
  get states(): StateConverter {
    const { env } = this.#settings;
    return new StateConverter({
      storage: this.#storage,
      root: this.#checkoutRoot,
      env,
      launch: async (userDataDir, signal) => {
        const { browser } = await this.#launch(signal, { ...NOBODY, userDataDir });
        return browser;
      },
    });
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

  async #tryLaunch(): Promise<void> {
    try {
      const { signal } = new AbortController();
      const { browser } = await this.#launch(signal, NOBODY);
      await browser.kill();
    } catch {
      this.#launchable = false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#measuring);
    await removeBrowserRoot(this.#settings.root);
    await this.#extensions[Symbol.asyncDispose]();
  }
}

/** What of this machine browsers are made from. */
interface LocalParts {
  locales: Locales;
  ready: ReadyStates;
  extensions: ExtensionCache;
}
