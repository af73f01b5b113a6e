import { cpuTimeOf } from '../machine/jail/cpu-time.ts';

/** How many times its limit a working step may take: on a slow machine everything takes longer. */
const SLOW_PATIENCE = 6;
/** How often the deadline checks, from its limit on, whether work is done. */
const LOOK_MS = 2000;
/** The share of a processor that a working step gets, however many others want one. */
const WORKING_SHARE = 0.005;

/** The machine is too slow: the step still worked when its last limit was over. */
export class TooSlowError extends Error {}

/** The time limit of a step; disposed of when the step is done. */
export interface LaunchDeadline extends Disposable {
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
  /** Names the process that does the work, with its descendants. */
  watch(pid: number): void;
}

/**
 * The deadline of a step in launching a browser: `limitMs` for a step that does nothing. A step
 * whose processes use the processor is slow, and may take several times as long. At low priority
 * there is no limit until `hurry` aborts.
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

  /**
   * Whether the step has worked since the last call. Until there is a process, the service works
   * itself.
   */
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
