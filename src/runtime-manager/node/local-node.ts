import type { Logger } from 'pino';
import {
  launchBrowser,
  type Browser,
  type BrowserIdentity,
  type BrowserSettings,
} from '../browser/browser.ts';
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
import { RuntimeError } from '../errors.ts';
import type { Fingerprint } from '../profiles/profile.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { availableMemory, browserMemory } from './memory.ts';
import { killProcessesUnder } from './process-table.ts';
import { LocalProfile } from './local-profile.ts';
import { StateConverter } from './state-converter.ts';
import { ReadyStates } from './ready-states.ts';
import type { NodeBrowser, ProfileUse, RuntimeNode } from './runtime-node.ts';

const SANDBOX_TROUBLE = /sandbox|namespace/i;
/** Of no profile. */
const NOBODY: BrowserIdentity = { userDataDir: undefined, fingerprint: {} };
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
  /** Where profiles are loaded from and saved to. */
  storage: ObjectStorage;
  env: Record<string, string>;
  launchTimeoutMs: number;
  healthCheck: HealthCheckTimes;
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
  readonly #memoryFloorBytes: number;
  readonly #measuring: NodeJS.Timeout;
  #browserBytes: number;
  #allBrowsersBytes = 0;
  #launchable = true;
  #probe: Promise<void> | undefined;

  private constructor(
    options: LocalNodeOptions,
    { settings, browserBytes }: Probed,
    { locales, ready }: { locales: Locales; ready: ReadyStates },
  ) {
    this.id = options.id;
    this.#settings = settings;
    this.#chromedriverPath = options.chromedriverPath;
    this.#checkoutRoot = options.checkoutRoot;
    this.#storage = options.storage;
    this.#locales = locales;
    this.#ready = ready;
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
    const { executablePath, root, env, launchTimeoutMs, healthCheck, log } = options;
    assertUsableRoot(root);
    const orphans = await killProcessesUnder(root);
    if (orphans.length > 0) log.warn({ count: orphans.length }, 'orphaned processes were ended');
    await resetBrowserRoot(root);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) log.warn('running as root: Chromium runs without its sandbox');
    const probed = await probe({
      executablePath,
      root,
      env,
      launchTimeoutMs,
      healthCheck,
      log,
      sandbox: !isRoot,
      userAgent: undefined,
      windowChromeHeight: 0,
    });
    return new LocalNode(options, probed, {
      locales: await Locales.read(executablePath),
      ready: await ReadyStates.open(`${options.checkoutRoot}-ready`),
    });
  }

  /** What all browsers used when it was last measured. */
  get browserMemoryBytes(): number {
    return this.#allBrowsersBytes;
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

  async launch(use: ProfileUse | undefined, signal: AbortSignal): Promise<NodeBrowser> {
    if (use) this.#assertLocale(use.fingerprint);
    const profile = use && (await this.#openProfile(use));
    let browser: Browser | undefined;
    try {
      browser = await this.#launch(signal, {
        userDataDir: profile?.userDataDir,
        fingerprint: use?.fingerprint ?? {},
      });
      await profile?.begin(browser.pid);
      return this.#withEndpoints(browser, profile);
    } catch (error) {
      await browser?.kill();
      await profile?.release();
      throw error;
    }
  }

  #openProfile(use: ProfileUse): Promise<LocalProfile> {
    return LocalProfile.open(use, this.#checkoutRoot, this.#storage, this.#ready);
  }

  async #launch(signal: AbortSignal, identity: BrowserIdentity): Promise<Browser> {
    try {
      const browser = await launchBrowser(this.#settings, identity, signal);
      this.#launchable = true;
      return browser;
    } catch (cause) {
      signal.throwIfAborted();
      this.#launchable = false;
      const output = cause instanceof ChromiumLaunchError ? cause.output : undefined;
      this.#settings.log.error({ err: cause, output }, 'a browser could not be launched');
      throw new RuntimeError('runtime.launch_failed', describe(cause), { cause });
    }
  }

  #assertLocale({ locale }: Fingerprint): void {
    if (locale === undefined || this.#locales.has(locale)) return;
    throw new RuntimeError(
      'profile.locale_unavailable',
      `Chromium has no language ${locale} on this machine: install chromium-l10n.`,
      { details: { locale } },
    );
  }

  #withEndpoints(browser: Browser, profile: LocalProfile | undefined): NodeBrowser {
    const { endpoint, directory, pages, exited } = browser;
    const endpoints = browser.own(
      new Endpoints({
        endpoint,
        files: { directory: directory.path, stagehandExtension: STAGEHAND_EXTENSION },
        env: { ...this.#settings.env, ...directory.env },
        chromedriverPath: this.#chromedriverPath,
      }),
    );
    return {
      endpoints,
      pages,
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
      launch: (userDataDir, signal) => this.#launch(signal, { userDataDir, fingerprint: {} }),
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
      const browser = await this.#launch(signal, NOBODY);
      await browser.kill();
    } catch {
      this.#launchable = false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#measuring);
    await removeBrowserRoot(this.#settings.root);
  }
}

interface Probed {
  settings: BrowserSettings;
  /** What one browser takes. */
  browserBytes: number;
}

async function probe(settings: BrowserSettings): Promise<Probed> {
  try {
    return await launchOnce(settings);
  } catch (cause) {
    const said = cause instanceof ChromiumLaunchError ? cause.output : '';
    if (settings.sandbox && SANDBOX_TROUBLE.test(said)) {
      settings.log.warn('this system denies Chromium its sandbox: it runs without');
      return probe({ ...settings, sandbox: false });
    }
    throw new Error(
      `Chromium at ${settings.executablePath} does not start: ${describe(cause)}. ${lastLines(said)}`,
      { cause },
    );
  }
}

async function launchOnce(settings: BrowserSettings): Promise<Probed> {
  const signal = AbortSignal.timeout(settings.launchTimeoutMs);
  const browser = await launchBrowser(settings, NOBODY, signal);
  try {
    const { product, userAgent } = await browser.version(signal);
    settings.log.info({ product, sandbox: settings.sandbox }, 'Chromium starts');
    const { bytes: browserBytes } = await browserMemory(settings.root);
    const learned = {
      userAgent: userAgent.replace('HeadlessChrome', 'Chrome'),
      windowChromeHeight: await browser.windowChromeHeight(signal),
    };
    return { settings: { ...settings, ...learned }, browserBytes };
  } finally {
    await browser.kill();
  }
}

function describe(cause: unknown): string {
  return cause instanceof ChromiumLaunchError
    ? cause.message
    : 'Chromium did not answer in time or went away';
}

function lastLines(said: string): string {
  return said.trim().split('\n').slice(-3).join(' ');
}
