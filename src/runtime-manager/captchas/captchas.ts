import { RuntimeError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { CaptchaResult } from './solving.ts';
import { captchaWarnings, type RuntimeWarning } from './warnings.ts';
import {
  CaptchaWatcher,
  type CaptchaOptions,
  type CaptchaRequest,
  type CaptchaWatcherParts,
} from './watcher.ts';

/** The captchas of all runtimes that run here. */
export class Captchas {
  readonly #options: CaptchaOptions;
  readonly #watchers = new Map<string, CaptchaWatcher>();

  constructor(options: CaptchaOptions) {
    this.#options = options;
  }

  /** For a runtime that runs, until it is disposed. */
  open({ id }: Pick<Runtime, 'id'>, parts: Omit<CaptchaWatcherParts, 'options'>): CaptchaWatcher {
    const closed = () => this.#watchers.delete(id);
    const watcher = new CaptchaWatcher({ ...parts, options: this.#options }, closed);
    this.#watchers.set(id, watcher);
    return watcher;
  }

  /**
   * Solves what is on the pages of a runtime now, whether or not it solves what comes. Throws
   * `runtime.not_active`, or as `CaptchaWatcher.solveNow`.
   */
  solve({ id }: Runtime, request: CaptchaRequest, signal: AbortSignal): Promise<CaptchaResult[]> {
    const watcher = this.#watchers.get(id);
    if (watcher) return watcher.solveNow(request, signal);
    throw new RuntimeError('runtime.not_active', 'The runtime is over or not up yet.');
  }

  /** What a running runtime was asked to solve and cannot. */
  warningsOf({ id }: Runtime): RuntimeWarning[] {
    return this.#watchers.get(id)?.isAutomatic ? captchaWarnings(this.#options) : [];
  }
}
