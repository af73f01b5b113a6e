import type { Attached, Companion, Run } from '../companion.ts';
import { solveCaptchas } from './solve-captchas.ts';
import { captchaWarnings } from './warnings.ts';
import { CaptchaWatcher, type CaptchaOptions } from './watcher.ts';

/** Solves the captchas on the pages of runtimes: as they appear where configured, and on demand. */
export class Captchas implements Companion {
  readonly name = 'captchas';
  readonly #options: CaptchaOptions;

  constructor(options: CaptchaOptions) {
    this.#options = options;
  }

  async attach({ browser, config, proxy, note, log, signal }: Run): Promise<Attached> {
    const watcher = new CaptchaWatcher({
      options: this.#options,
      pages: browser.pages,
      proxy,
      note,
      log,
    });
    if (config.solveCaptchas) await watcher.watch(signal);
    return {
      warnings: config.solveCaptchas ? captchaWarnings(this.#options) : [],
      call: (_verb, message, until) =>
        watcher.solveNow(solveCaptchas.message.parse(message), until),
      [Symbol.asyncDispose]: async () => watcher[Symbol.dispose](),
    };
  }
}
