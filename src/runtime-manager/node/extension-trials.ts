import type { Browser } from '../browser/browser.ts';
import type { ExtensionTrial } from '../extensions/extensions.ts';
import type { Launcher } from './launcher.ts';
import { NO_PROFILE } from './probe.ts';

const TRIAL_TIMEOUT_MS = 20_000;

/**
 * Loads unpacked extensions each in a browser of its own, to tell how they do. One at a time: trials
 * are beside the runtimes that were admitted.
 */
export class ExtensionTrials {
  readonly #launcher: Launcher;
  #last: Promise<unknown> = Promise.resolve();

  constructor(launcher: Launcher) {
    this.#launcher = launcher;
  }

  tryOut(directory: string): Promise<ExtensionTrial> {
    const trial = this.#last.then(() => this.#tryOut(directory));
    this.#last = trial.catch(() => undefined);
    return trial;
  }

  async #tryOut(directory: string): Promise<ExtensionTrial> {
    const signal = AbortSignal.timeout(TRIAL_TIMEOUT_MS);
    const { browser } = await this.#launcher.launch({ ...NO_PROFILE, isTrial: true }, signal);
    try {
      return await load(browser, directory, signal);
    } finally {
      await browser.kill();
    }
  }
}

async function load(browser: Browser, path: string, signal: AbortSignal): Promise<ExtensionTrial> {
  try {
    return await browser.reportOnExtension(await browser.loadExtension(path, signal), signal);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { warnings: [], errors: [`Chromium does not load it: ${said}`] };
  }
}
