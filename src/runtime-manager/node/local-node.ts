import type { Logger } from 'pino';
import { launchBrowser, type Browser, type BrowserSettings } from '../browser/browser.ts';
import {
  assertUsableRoot,
  removeBrowserRoot,
  resetBrowserRoot,
} from '../browser/browser-directory.ts';
import { ChromiumLaunchError } from '../browser/chromium.ts';
import { STAGEHAND_EXTENSION } from '../browser/stagehand-extension.ts';
import { Endpoints } from '../connections/endpoints.ts';
import { RuntimeError } from '../errors.ts';
import type { NodeBrowser, RuntimeNode } from './runtime-node.ts';

const SANDBOX_TROUBLE = /sandbox|namespace/i;

export interface LocalNodeOptions {
  id: string;
  executablePath: string;
  /** Without one, WebDriver is not available. */
  chromedriverPath: string | undefined;
  /** A directory that is this node's alone; emptied at the start, removed at the end. */
  root: string;
  env: Record<string, string>;
  launchTimeoutMs: number;
  log: Logger;
}

/** This machine. */
export class LocalNode implements RuntimeNode {
  readonly id: string;
  readonly #settings: BrowserSettings;
  readonly #chromedriverPath: string | undefined;
  #launchable = true;
  #probe: Promise<void> | undefined;

  private constructor(id: string, settings: BrowserSettings, chromedriverPath: string | undefined) {
    this.id = id;
    this.#settings = settings;
    this.#chromedriverPath = chromedriverPath;
  }

  /**
   * Launches one browser to learn whether Chromium starts here, with its sandbox or without, and
   * what it calls itself. Throws with what Chromium said when it does not start.
   */
  static async open(options: LocalNodeOptions): Promise<LocalNode> {
    const { id, log, chromedriverPath, ...rest } = options;
    assertUsableRoot(options.root);
    await resetBrowserRoot(options.root);
    const root = process.getuid?.() === 0;
    const settings = { ...rest, log, sandbox: !root, userAgent: undefined };
    if (root) log.warn('running as root: Chromium runs without its sandbox');
    return new LocalNode(id, await probe(settings), chromedriverPath);
  }

  async launch(signal: AbortSignal): Promise<NodeBrowser> {
    try {
      const browser = await launchBrowser(this.#settings, signal);
      this.#launchable = true;
      return this.#withEndpoints(browser);
    } catch (cause) {
      signal.throwIfAborted();
      this.#launchable = false;
      const output = cause instanceof ChromiumLaunchError ? cause.output : undefined;
      this.#settings.log.error({ err: cause, output }, 'a browser could not be launched');
      throw new RuntimeError('runtime.launch_failed', describe(cause), { cause });
    }
  }

  #withEndpoints(browser: Browser): NodeBrowser {
    const { endpoint, directory, defaultPage, exited } = browser;
    const endpoints = browser.own(
      new Endpoints({
        endpoint,
        files: { directory: directory.path, stagehandExtension: STAGEHAND_EXTENSION },
        env: { ...this.#settings.env, ...directory.env },
        chromedriverPath: this.#chromedriverPath,
      }),
    );
    return { endpoints, defaultPage, exited, kill: () => browser.kill() };
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
      const browser = await this.launch(new AbortController().signal);
      await browser.kill();
    } catch {
      this.#launchable = false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeBrowserRoot(this.#settings.root);
  }
}

async function probe(settings: BrowserSettings): Promise<BrowserSettings> {
  try {
    return { ...settings, userAgent: await readUserAgent(settings) };
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

async function readUserAgent(settings: BrowserSettings): Promise<string> {
  const signal = AbortSignal.timeout(settings.launchTimeoutMs);
  const browser = await launchBrowser(settings, signal);
  try {
    const { product, userAgent } = await browser.version(signal);
    settings.log.info({ product, sandbox: settings.sandbox }, 'Chromium starts');
    return userAgent.replace('HeadlessChrome', 'Chrome');
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
