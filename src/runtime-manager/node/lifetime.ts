import { isDeepStrictEqual } from 'node:util';
import { thisMoment, type Connections } from '../connections/connections.ts';
import type { MachineBrowser } from '../machine/browser-machine.ts';
import { NO_USAGE } from '../runtime/usage.ts';
import type { Activity, TimeLimits } from '../runtime/runtime.ts';

export interface LifetimeParts {
  limits: TimeLimits;
  connections: Pick<Connections, 'lastActivity' | 'touch' | 'touchAsked'>;
  browser: Pick<MachineBrowser, 'transfers' | 'forwarder'> & {
    endpoints: Pick<MachineBrowser['endpoints'], 'control'>;
  };
  /** For how long a command without an answer, or a download that does not grow, counts as use. */
  openCommandMs: number;
}

/**
 * Tells when the time of one life of a runtime is over, and when it was last in use. Counts the
 * time that passes, so setting the machine's clock ends nothing and extends nothing.
 */
export class Lifetime {
  readonly #parts: LifetimeParts;
  readonly #started = thisMoment();
  /** At first, what is recorded with the start. */
  #recorded: Activity = { lastActivityAt: this.#started.at, usage: NO_USAGE };

  constructor(parts: LifetimeParts) {
    this.#parts = parts;
  }

  /** Looks at what is under way. Resolves with the limit that is over, or undefined when none is. */
  async look(): Promise<'idle' | 'expired' | undefined> {
    const { limits, connections, browser, openCommandMs } = this.#parts;
    const { transfers, endpoints } = browser;
    const isOver = performance.now() - this.#started.ms >= limits.maxDurationSeconds * 1000;
    if (isOver) return 'expired';
    connections.touchAsked(openCommandMs);
    if (transfers.isUploading() || endpoints.control.hold) connections.touch();
    // Files are looked at only when they matter, and until all downloads are complete.
    const matter = transfers.hasDownloads || this.#isIdle;
    if (matter && (await transfers.isDownloading(openCommandMs))) connections.touch();
    return this.#isIdle ? 'idle' : undefined;
  }

  /** What clients and pages did, unless it is recorded already. */
  get unrecorded(): Activity | undefined {
    const { usage } = this.#parts.browser.forwarder;
    const activity = { lastActivityAt: this.#lastActivity.at, usage };
    return isDeepStrictEqual(activity, this.#recorded) ? undefined : activity;
  }

  wasRecorded(activity: Activity): void {
    this.#recorded = activity;
  }

  get #isIdle(): boolean {
    const idleMs = performance.now() - this.#lastActivity.ms;
    return idleMs >= this.#parts.limits.idleTimeoutSeconds * 1000;
  }

  get #lastActivity() {
    return this.#parts.connections.lastActivity ?? this.#started;
  }
}
