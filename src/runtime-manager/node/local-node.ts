import type { Logger } from 'pino';
import type { BrowserIdentity } from '../browser/browser.ts';
import {
  assertUsableRoot,
  removeBrowserRoot,
  resetBrowserRoot,
} from '../browser/browser-directory.ts';
import type { HealthCheckTimes } from '../browser/health-check.ts';
import { Locales } from '../browser/locales.ts';
import { STAGEHAND_EXTENSION } from '../browser/stagehand-extension.ts';
import { Endpoints } from '../connections/endpoints.ts';
import { Dialer } from '../egress/dial.ts';
import type { ForwarderOptions } from '../egress/forwarder.ts';
import type { Usage } from '../egress/outbound-connections.ts';
import type { Route } from '../egress/route.ts';
import { RuntimeError } from '../errors.ts';
import type { Fingerprint } from '../profiles/profile.ts';
import { WarmPool, type WarmPoolSize } from '../pool/warm-pool.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { ExtensionCache } from './extension-cache.ts';
import { ExtensionTrials } from './extension-trials.ts';
import { Launcher } from './launcher.ts';
import { loadExtensions, unpackExtensions } from './local-extensions.ts';
import { MemoryBudget } from './memory-budget.ts';
import { killProcessesUnder } from './process-table.ts';
import { LocalProfile } from './local-profile.ts';
import { StateConverter } from './state-converter.ts';
import { toNodeBrowser, type ReachableBrowser } from './reachable-browser.ts';
import { ReadyStates } from './ready-states.ts';
import { describeLaunch, NOBODY, probe, type Probed } from './probe.ts';
import type {
  LaunchSpec,
  NodeBrowser,
  ProfileUse,
  ReadyBrowser,
  RuntimeNode,
} from './runtime-node.ts';

const ROUSE_TIMEOUT_MS = 10_000;

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
  /** How many browsers are launched ahead. */
  warm: WarmPoolSize;
  /** Browsers launched at once. */
  maxLaunches: number;
  /** How many extensions a browser may have. */
  maxExtensions: number;
  log: Logger;
}

/** This machine. */
export class LocalNode implements RuntimeNode {
  readonly id: string;
  /** What extensions are tried in. */
  readonly trials: ExtensionTrials;
  readonly #launcher: Launcher;
  /** Undefined: every browser is launched when it is asked for. */
  readonly #pool: WarmPool<ReachableBrowser> | undefined;
  readonly #chromedriverPath: string | undefined;
  readonly #checkoutRoot: string;
  readonly #storage: ObjectStorage;
  readonly #locales: Locales;
  readonly #ready: ReadyStates;
  readonly #extensions: ExtensionCache;
  readonly #egress: ForwarderOptions;
  readonly #memory: MemoryBudget;
  /** Browsers that are being launched for who waits for them. */
  #launching = 0;

  private constructor(
    options: LocalNodeOptions,
    { settings, browserBytes }: Probed,
    { locales, ready, extensions }: LocalParts,
  ) {
    this.id = options.id;
    this.#launcher = new Launcher(settings, options.egress);
    this.#chromedriverPath = options.chromedriverPath;
    this.#checkoutRoot = options.checkoutRoot;
    this.#storage = options.storage;
    this.#locales = locales;
    this.#ready = ready;
    this.#extensions = extensions;
    this.#egress = options.egress;
    const { root, memoryFloorBytes: floorBytes } = options;
    this.#memory = new MemoryBudget({ root, floorBytes, browserBytes });
    this.trials = new ExtensionTrials(this.#launcher);
    this.#pool = options.warm.max > 0 ? this.#openPool(options) : undefined;
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
    const { extensionRoot, storage, maxExtensions } = options;
    const extensions = await ExtensionCache.open(extensionRoot, storage, maxExtensions);
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
      extensionPathsOf: (browser: string) => extensions.pathsOf(browser),
    };
    const probed = await probe(settings, egress);
    return new LocalNode(options, probed, {
      locales: await Locales.read(executablePath),
      ready: await ReadyStates.open(`${options.checkoutRoot}-ready`),
      extensions,
    });
  }

  #openPool({ warm, maxLaunches, log }: LocalNodeOptions): WarmPool<ReachableBrowser> {
    return new WarmPool({
      ...warm,
      maxLaunches,
      launch: (signal, hurry) => this.#launchAhead(signal, hurry),
      mayRefill: () => this.#launching === 0 && this.#memory.hasRoomFor(1),
      isShort: () => !this.#memory.hasRoomFor(0),
      log,
    });
  }

  async #launchAhead(signal: AbortSignal, hurry: AbortSignal): Promise<ReachableBrowser> {
    const launched = await this.#launch({ ...NOBODY, hurry }, signal);
    const { browser } = launched;
    try {
      await browser.rouse(AbortSignal.any([signal, AbortSignal.timeout(ROUSE_TIMEOUT_MS)]));
      return launched;
    } catch (cause) {
      await browser.kill();
      throw new RuntimeError('runtime.launch_failed', describeLaunch(cause), { cause });
    }
  }

  /** What all browsers used when it was last measured. */
  get browserMemoryBytes(): number {
    return this.#memory.allBrowsersBytes;
  }

  /** Browsers that are ready to be handed out. */
  get warmBrowsers(): number {
    return this.#pool?.idle ?? 0;
  }

  /** How many browsers were launched, and how many launches failed. */
  get launches(): Launcher['launches'] {
    return this.#launcher.launches;
  }

  get usage(): Usage {
    return this.#launcher.usage;
  }

  /** One that is ready has its memory already. */
  hasMemory(launching: number): boolean {
    return this.warmBrowsers > launching || this.#memory.hasRoomFor(launching + 1);
  }

  async launch(
    { profile: use, extensions }: LaunchSpec,
    signal: AbortSignal,
  ): Promise<NodeBrowser> {
    if (use) this.#assertLocale(use.fingerprint);
    const profile = use && (await this.#openProfile(use));
    let launched: ReachableBrowser | undefined;
    try {
      launched = await this.#take(use, profile, signal);
      const { browser } = launched;
      await profile?.begin(browser.pid);
      const unpacked = await unpackExtensions(this.#extensions, extensions, browser);
      const loaded = await loadExtensions(browser, unpacked, signal);
      return toNodeBrowser(launched, profile, loaded);
    } catch (error) {
      await launched?.browser.kill();
      await profile?.release();
      throw error;
    }
  }

  get hasReady(): boolean {
    return this.warmBrowsers > 0;
  }

  async takeReady(): Promise<ReadyBrowser | undefined> {
    const taken = await this.#pool?.takeReady();
    if (!taken) return undefined;
    const browser = toNodeBrowser(taken, undefined, []);
    return { browser, giveBack: () => this.#pool?.giveBack(taken) };
  }

  /** An ephemeral browser is one like the other until it is used; one with a profile is begun with it. */
  async #take(
    use: ProfileUse | undefined,
    profile: LocalProfile | undefined,
    signal: AbortSignal,
  ): Promise<ReachableBrowser> {
    if (!use && this.#pool) return this.#pool.take(signal);
    if (!this.#memory.hasRoomFor(1)) this.#pool?.shrink();
    this.#launching++;
    try {
      return await this.#launch(
        { ...NOBODY, userDataDir: profile?.userDataDir, fingerprint: use?.fingerprint ?? {} },
        signal,
      );
    } finally {
      this.#launching--;
      this.#pool?.refill();
    }
  }

  checkRoute(route: Route, signal: AbortSignal): Promise<void> {
    return new Dialer(this.#egress, route).check(signal);
  }

  #openProfile(use: ProfileUse): Promise<LocalProfile> {
    return LocalProfile.open(use, this.#checkoutRoot, this.#storage, this.#ready);
  }

  #assertLocale({ locale }: Fingerprint): void {
    if (locale === undefined || this.#locales.has(locale)) return;
    throw new RuntimeError(
      'profile.locale_unavailable',
      `Chromium has no language ${locale} on this machine: install chromium-l10n.`,
      { details: { locale } },
    );
  }

  async #launch(identity: BrowserIdentity, signal: AbortSignal): Promise<ReachableBrowser> {
    const { browser, forwarder } = await this.#launcher.launch(identity, signal);
    const { endpoint, directory } = browser;
    const endpoints = browser.own(
      new Endpoints({
        endpoint,
        files: { directory: directory.path, stagehandExtension: STAGEHAND_EXTENSION },
        env: { ...this.#launcher.settings.env, ...directory.env },
        chromedriverPath: this.#chromedriverPath,
        proxyPort: forwarder.port,
        ownPorts: this.#egress.ownPorts,
      }),
    );
    return { browser, forwarder, endpoints };
  }

  /** What turns saved states into other forms, and back. */
  get states(): StateConverter {
    return new StateConverter({
      storage: this.#storage,
      root: this.#checkoutRoot,
      env: this.#launcher.settings.env,
      launch: async (userDataDir, signal) => {
        const { browser } = await this.#launcher.launch({ ...NOBODY, userDataDir }, signal);
        return browser;
      },
    });
  }

  isLaunchable(): Promise<boolean> {
    return this.#launcher.isLaunchable();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory[Symbol.dispose]();
    await this.#pool?.[Symbol.asyncDispose]();
    await this.#launcher.endAll();
    await removeBrowserRoot(this.#launcher.settings.root);
    await this.#extensions[Symbol.asyncDispose]();
  }
}

/** What of this machine browsers are made from. */
interface LocalParts {
  locales: Locales;
  ready: ReadyStates;
  extensions: ExtensionCache;
}
