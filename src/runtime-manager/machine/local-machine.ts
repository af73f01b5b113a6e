import { join } from 'node:path';
import type { Logger } from 'pino';
import {
  assertUsableRoot,
  fillBrowserRoots,
  removeBrowserRoots,
  resetBrowserRoots,
} from '../browser/browser-directory.ts';
import type { BrowserFlavor } from '../browser/flavor.ts';
import type { HealthCheckTimes } from '../browser/health-check.ts';
import { readLanguages } from '../browser/locales.ts';
import type { Languages } from '../runtime/languages.ts';
import { Dialer } from '../egress/dial.ts';
import type { ForwarderOptions } from '../egress/forwarder.ts';
import type { MachineState } from './machine-state.ts';
import type { Usage } from '../runtime/usage.ts';
import type { Route } from '../egress/route.ts';
import type { Jail } from './jail/jail.ts';
import type { WarmPool, WarmPoolSize } from './pool/warm-pool.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { DiskGuard } from './disk-guard.ts';
import { ExtensionCache } from './extension-cache.ts';
import { ExtensionTrials } from './extension-trials.ts';
import { Launcher } from './launcher.ts';
import { loadExtensions, unpackExtensions } from './local-extensions.ts';
import { MemoryBudget } from './memory-budget.ts';
import { openWarmPool } from './pool/open-warm-pool.ts';
import { killProcessesUnder } from './kill-process-tree.ts';
import { LocalProfile } from './profiles/local-profile.ts';
import { StateConverter } from './profiles/state-converter.ts';
import { BrowserStorageStates } from './profiles/storage-states.ts';
import { toMachineBrowser, type ReachableBrowser } from './reachable-browser.ts';
import { ReadyStates } from './profiles/ready-states.ts';
import { inSpan } from '../tracing/tracing.ts';
import { NO_PROFILE, probe, type Probed } from './probe.ts';
import { VideoConverter } from '../recording/convert/video-converter.ts';
import type {
  LaunchSpec,
  MachineBrowser,
  ProfileUse,
  ReadyBrowser,
  BrowserMachine,
} from './browser-machine.ts';

export interface LocalMachineOptions {
  id: string;
  executablePath: string;
  flavor: BrowserFlavor;
  /** Without one, WebDriver is not available. */
  chromedriverPath: string | undefined;
  /** Without one, no videos are recorded. */
  ffmpegPath: string | undefined;
  /** A directory that is this node's alone; emptied at the start, removed at the end. */
  root: string;
  /** The directory on disk for files that browsers download or are given; emptied likewise. */
  filesRoot: string;
  /** Where browsers and their helpers run. */
  jail: Jail;
  /** How many bytes of files a browser may keep. */
  directoryBytes: number;
  /** Where profiles lie while browsers use them; not emptied, since a crash leaves states there. */
  checkoutRoot: string;
  /** Where extensions lie unpacked while browsers use them; emptied at the start and at the end. */
  extensionRoot: string;
  /** Where profiles and extensions are loaded from, and profiles saved to. */
  storage: ObjectStorage;
  env: Record<string, string>;
  launchTimeoutMs: number;
  healthCheck: HealthCheckTimes;
  /** Where browsers may go, and through which proxies. */
  egress: ForwarderOptions;
  /** How much of the machine's memory is to stay free. */
  memoryFloorBytes: number;
  /** How many browsers are launched ahead. */
  warm: WarmPoolSize;
  /** How many launches may run at once. */
  maxLaunches: number;
  /** How many extensions a browser may have. */
  maxExtensions: number;
  log: Logger;
}

/** The machine that this process runs on. */
export class LocalMachine implements BrowserMachine {
  readonly id: string;
  readonly languages: Languages;
  readonly chromiumVersion: string;
  readonly hasWebDriver: boolean;
  /** Tries extensions out. */
  readonly trials: ExtensionTrials;
  /** Converts recordings. */
  readonly videos: VideoConverter;
  /** Turns saved states into other forms, and back. */
  readonly states: StateConverter;
  readonly #launcher: Launcher;
  /** Undefined: every browser is launched when it is asked for. */
  readonly #pool: WarmPool<ReachableBrowser> | undefined;
  readonly #checkoutRoot: string;
  readonly #storage: ObjectStorage;
  readonly #ready: ReadyStates;
  readonly #extensions: ExtensionCache;
  readonly #egress: ForwarderOptions;
  readonly #memory: MemoryBudget;
  readonly #disk: DiskGuard;
  /** How many browsers are being launched outside of the pool, for whoever waits. */
  #launching = 0;

  private constructor(
    options: LocalMachineOptions,
    { settings, browserBytes, chromiumVersion }: Probed,
    { languages, ready, extensions }: LocalParts,
  ) {
    const { egress, chromedriverPath, ffmpegPath, storage, checkoutRoot } = options;
    this.id = options.id;
    this.#launcher = new Launcher({ settings, egress, chromedriverPath, ffmpegPath });
    this.#checkoutRoot = checkoutRoot;
    this.#storage = storage;
    this.languages = languages;
    this.chromiumVersion = chromiumVersion;
    this.hasWebDriver = chromedriverPath !== undefined;
    this.#ready = ready;
    this.#extensions = extensions;
    this.#egress = egress;
    const { root, memoryFloorBytes: floorBytes } = options;
    const { directoryBytes: limitBytes, filesRoot, log } = options;
    this.#disk = new DiskGuard({
      roots: [root, filesRoot, checkoutRoot],
      browsers: () => this.#launcher.running,
      limitBytes,
      log,
    });
    this.#memory = new MemoryBudget({ root, floorBytes, browserBytes });
    this.trials = new ExtensionTrials(this.#launcher);
    this.videos = new VideoConverter(this.#launcher);
    const conversion = { storage, root: checkoutRoot };
    const storageStates = new BrowserStorageStates({ ...conversion, launcher: this.#launcher });
    this.states = new StateConverter({ ...conversion, storageStates });
    this.#pool = options.warm.max > 0 ? this.#openPool(options) : undefined;
  }

  /**
   * Kills what a previous service left, and launches one browser to learn whether Chromium starts
   * here, with its sandbox or without, what it calls itself and how much memory it takes. When
   * Chromium does not start, the error says what Chromium said.
   */
  static async open(options: LocalMachineOptions): Promise<LocalMachine> {
    const { executablePath, flavor, root, filesRoot, jail, env, egress, log } = options;
    // Inside a jail the directory has another path.
    if (jail.level === 'none') assertUsableRoot(root);
    const { extensionRoot, storage, maxExtensions, directoryBytes } = options;
    const roots = { root, filesRoot, extensionRoot: join(extensionRoot, 'browsers') };
    const orphans = await killProcessesUnder(root);
    if (orphans.length > 0) log.warn({ count: orphans.length }, 'orphaned processes were ended');
    await resetBrowserRoots(roots);
    // The roots are filled during the first launch, to which nobody connects.
    const filled = fillBrowserRoots(roots);
    filled.catch(() => undefined);
    const sandbox = jail.level !== 'none' || process.getuid?.() !== 0;
    if (!sandbox) log.warn('running as root without a jail: Chromium runs without its sandbox');
    const cache = join(extensionRoot, 'unpacked');
    const extensions = await ExtensionCache.open(cache, storage, jail.owner);
    const settings = {
      executablePath,
      flavor,
      roots,
      jail,
      directoryBytes,
      env,
      launchTimeoutMs: options.launchTimeoutMs,
      healthCheck: options.healthCheck,
      log,
      sandbox,
      clientHints: undefined,
      windowChromeHeight: 0,
      maxExtensions,
    };
    const probed = await probe(settings, egress);
    await filled;
    return new LocalMachine(options, probed, {
      languages: await readLanguages(executablePath),
      ready: await ReadyStates.open(`${options.checkoutRoot}-ready`),
      extensions,
    });
  }

  #openPool({ warm: size, maxLaunches, log }: LocalMachineOptions): WarmPool<ReachableBrowser> {
    const isBusy = () => this.#launching > 0 || this.#launcher.isHalted;
    const parts = { launcher: this.#launcher, memory: this.#memory };
    return openWarmPool({ ...parts, size, maxLaunches, isBusy, log });
  }

  /** Whether Chromium's own sandbox works here. */
  get hasSandbox(): boolean {
    return this.#launcher.settings.sandbox;
  }

  /** What all browsers used at the last measurement. */
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

  get state(): MachineState {
    return {
      launching: this.#launching + (this.#pool?.launching ?? 0),
      memory: this.#memory.state,
      launches: this.#launcher.recent.rates,
    };
  }

  get usage(): Usage {
    return this.#launcher.usage;
  }

  /** A ready browser has its memory already. */
  hasMemory(launching: number): boolean {
    return this.warmBrowsers > launching || this.#memory.hasRoomFor(launching + 1);
  }

  async launch(
    { profile: use, extensions }: LaunchSpec,
    signal: AbortSignal,
  ): Promise<MachineBrowser> {
    if (use) this.languages.assertHas(use.fingerprint.locale);
    const profile = use && (await this.#openProfile(use));
    let launched: ReachableBrowser | undefined;
    try {
      launched = await this.#take(use, profile, signal);
      const { browser } = launched;
      await profile?.begin(browser);
      const unpacked = await unpackExtensions(this.#extensions, extensions, browser);
      const loaded = await loadExtensions(browser, unpacked, signal);
      return toMachineBrowser(launched, profile, loaded);
    } catch (error) {
      await launched?.browser.kill();
      await profile?.release();
      throw error;
    }
  }

  anticipate(): void {
    this.#pool?.anticipate();
  }

  keepWarm(isWanted: boolean): void {
    if (isWanted) this.#pool?.resume();
    else this.#pool?.pause();
  }

  async takeReady(): Promise<ReadyBrowser | undefined> {
    const pool = this.#pool;
    const taken = pool && (await takeFrom(() => pool.takeReady()));
    if (!taken) return undefined;
    const browser = toMachineBrowser(taken, undefined, []);
    return { browser, giveBack: () => this.#pool?.giveBack(taken) };
  }

  /** An ephemeral browser comes from the pool; a profile's is launched on its directory. */
  async #take(
    use: ProfileUse | undefined,
    profile: LocalProfile | undefined,
    signal: AbortSignal,
  ): Promise<ReachableBrowser> {
    const pool = this.#pool;
    if (!use && pool) return takeFrom(() => pool.take(signal));
    if (!this.#memory.hasRoomFor(1)) this.#pool?.shrink();
    this.#launching++;
    try {
      const { userDataDir } = profile ?? NO_PROFILE;
      const { fingerprint } = use ?? NO_PROFILE;
      return await this.#launcher.launch({ ...NO_PROFILE, userDataDir, fingerprint }, signal);
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

  halt(): Promise<void> {
    return this.#launcher.halt();
  }

  resume(): void {
    this.#launcher.resume();
    this.#pool?.refill();
  }

  isLaunchable(): Promise<boolean> {
    return this.#launcher.isLaunchable();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory[Symbol.dispose]();
    this.#disk[Symbol.dispose]();
    await this.#pool?.[Symbol.asyncDispose]();
    await this.#launcher.endAll();
    await removeBrowserRoots(this.#launcher.settings.roots);
    await this.#extensions[Symbol.asyncDispose]();
    await this.#ready[Symbol.asyncDispose]();
  }
}

/** The launch of a browser that was ready is in another trace. */
function takeFrom<T extends ReachableBrowser | undefined>(take: () => Promise<T>): Promise<T> {
  return inSpan('browser.take', {}, async (span) => {
    const taken = await take();
    span.linkTo(taken?.launchSpan);
    return taken;
  });
}

/** The parts of this machine that browsers are made from. */
interface LocalParts {
  languages: Languages;
  ready: ReadyStates;
  extensions: ExtensionCache;
}
