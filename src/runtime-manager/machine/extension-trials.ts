import { join } from 'node:path';
import type { Browser } from '../browser/browser.ts';
import type { ExtensionTrial } from '../extensions/extensions.ts';
import { copyFor } from './extension-cache.ts';
import { tooSlow, type Launcher } from './launcher.ts';
import { NO_PROFILE } from './probe.ts';

/** Counts from when the browser is up. If a trial takes longer, the machine is slow. */
const TRIAL_TIMEOUT_MS = 60_000;
const NEVER = new AbortController().signal;

/** Lets a browser be launched when the machine has room for it. */
export type Admit = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Loads each unpacked extension in a browser of its own, to tell whether it works. Trials run one
 * at a time, and each is admitted like a runtime.
 */
export class ExtensionTrials {
  readonly #launcher: Launcher;
  #last: Promise<unknown> = Promise.resolve();

  constructor(launcher: Launcher) {
    this.#launcher = launcher;
  }

  /**
   * Throws `runtime.no_capacity` where the machine is full or too slow, `runtime.launch_failed`, and
   * what `givenUp` aborts with.
   */
  tryOut(directory: string, admit: Admit, givenUp = NEVER): Promise<ExtensionTrial> {
    const trial = this.#last.then(() => {
      givenUp.throwIfAborted();
      return admit(() => this.#tryOut(directory, givenUp));
    });
    this.#last = trial.catch(() => undefined);
    return trial;
  }

  async #tryOut(directory: string, givenUp: AbortSignal): Promise<ExtensionTrial> {
    const { browser } = await this.#launcher.launch({ ...NO_PROFILE, isTrial: true }, givenUp);
    const signal = AbortSignal.any([givenUp, AbortSignal.timeout(TRIAL_TIMEOUT_MS)]);
    try {
      const { path, seen } = browser.directory.indexedExtensions;
      await copyFor(this.#launcher.settings.jail.owner, directory, join(path, '0'));
      return await load(browser, join(seen, '0'), signal);
    } finally {
      await browser.kill();
    }
  }
}

async function load(browser: Browser, path: string, signal: AbortSignal): Promise<ExtensionTrial> {
  try {
    return await browser.reportOnExtension(await browser.loadExtension(path, signal), signal);
  } catch (error) {
    if (signal.aborted) throw tooSlow(error);
    const said = error instanceof Error ? error.message : String(error);
    return { warnings: [], errors: [`Chromium does not load it: ${said}`] };
  }
}
