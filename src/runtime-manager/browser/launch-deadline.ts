import { cpuTimeOf } from '../machine/jail/cpu-time.ts';

/** How many times its limit a step may take that does work: on a slow machine all takes longer. */
const SLOW_PATIENCE = 6;
/** How often it is looked, after the limit, whether work is done. */
const LOOK_MS = 2000;
/** What one that works gets of a processor meanwhile, however many others want it. */
const WORKING_SHARE = 0.005;

/** The machine is too slow: work was done to the end, and did not come to one. */
export class TooSlowError extends Error {}

/** A time limit; disposed of when what it is for is done. */
export interface LaunchDeadline extends Disposable {
  /** Aborts when it is over. */
  readonly signal: AbortSignal;
  /** Tells which process does the work, with its descendants. */
  watch(pid: number): void;
}

/**
 * Of a step in launching a browser: `limitMs` for one that does nothing. One whose processes use
 * the processor is slow, and goes on for several times as long. At low priority there is no limit
 * until `hurry` aborts.
 */
export function openDeadline(
  limitMs: number,
  hurry: AbortSignal | undefined,
  cpuTime = cpuTimeOf,
): LaunchDeadline {
  const deadline = new Deadline(limitMs, cpuTime);
  const begin = () => deadline.begin();
  if (hurry && !hurry.aborted) hurry.addEventListener('abort', begin, { once: true });
  else begin();
  return {
    signal: deadline.signal,
    watch: (pid) => deadline.watch(pid),
    [Symbol.dispose]: () => {
      hurry?.removeEventListener('abort', begin);
      deadline.end();
    },
  };
}

class Deadline {
  readonly #limitMs: number;
  readonly #lookMs: number;
  readonly #cpuTime: (pid: number) => Promise<number>;
  readonly #late = new AbortController();
  #pid: number | undefined;
  #usedMs = 0;
  #beganMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(limitMs: number, cpuTime: (pid: number) => Promise<number>) {
    this.#limitMs = limitMs;
    this.#lookMs = Math.min(LOOK_MS, limitMs / 2);
    this.#cpuTime = cpuTime;
  }

  get signal(): AbortSignal {
    return this.#late.signal;
  }

  watch(pid: number): void {
    this.#pid = pid;
  }

  begin(): void {
    this.#beganMs = performance.now();
    this.#lookAfter(this.#limitMs - this.#lookMs, () => this.#measure());
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #measure(): Promise<void> {
    await this.#hasWorked();
    this.#lookAfter(this.#lookMs, () => this.#judge());
  }

  async #judge(): Promise<void> {
    const hasWorked = await this.#hasWorked();
    const tookMs = performance.now() - this.#beganMs;
    const words = `it took more than ${Math.round(tookMs)} ms`;
    if (!hasWorked) return this.#late.abort(new Error(words));
    if (tookMs >= this.#limitMs * SLOW_PATIENCE) return this.#late.abort(new TooSlowError(words));
    this.#lookAfter(this.#lookMs, () => this.#judge());
  }

  /** Since this was asked for the last time. What comes before the process is our own work. */
  async #hasWorked(): Promise<boolean> {
    if (this.#pid === undefined) return true;
    const usedMs = await this.#cpuTime(this.#pid);
    const hasWorked = usedMs - this.#usedMs >= this.#lookMs * WORKING_SHARE;
    this.#usedMs = usedMs;
    return hasWorked;
  }

  #lookAfter(ms: number, look: () => Promise<void>): void {
    if (!this.#isOver) this.#timer = setTimeout(() => void look(), ms).unref();
  }
}
