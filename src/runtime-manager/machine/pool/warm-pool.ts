import type { Logger } from 'pino';
import { Backoff } from '../../timing/backoff.ts';
import { Demand } from './demand.ts';
import { Launches } from './launches.ts';

/** While others are ready, a refill waits, so that it does not slow down the client that just got a browser. */
const REFILL_DELAY_MS = 250;
const SWEEP_INTERVAL_MS = 2000;
/** A browser that was idle for so long is replaced. */
const MAX_AGE_MS = 15 * 60_000;
/** A browser that is well answers within a few milliseconds; nobody waits longer than this for one. */
const ANSWER_TIMEOUT_MS = 1000;
/** On a busy machine an answer takes longer; a browser that takes so long hangs. */
const HANG_MS = 10_000;
/** For how long an answer proves that a browser is well. */
const FRESH_MS = 50;
const BACKOFF_MIN_MS = 1000;
const BACKOFF_MAX_MS = 60_000;

/** What the pool has to know of a browser that nobody has used yet. */
export interface WarmBrowser {
  browser: {
    /** Settles when nothing of it is left. */
    readonly exited: Promise<unknown>;
    /** Throws when it does not answer, or its page is gone. */
    assertWell(signal: AbortSignal): Promise<void>;
    /** Throws when its page does not answer. */
    checkPage(signal: AbortSignal): Promise<void>;
    /** Leaves the page to clients. */
    leavePage(): void;
    kill(): Promise<void>;
  };
}

export interface WarmPoolSize {
  /** How many are kept ready however little is asked for. */
  min: number;
  /** How many are kept ready at most. With 0, every browser is launched when it is asked for. */
  max: number;
}

export interface WarmPoolOptions<B extends WarmBrowser> extends WarmPoolSize {
  /** How many launches may run at once; more would only make each of them slower. */
  maxLaunches: number;
  /**
   * Launches at low priority until `hurry` aborts, because somebody waits for the browser or the
   * launch takes too long.
   */
  launch: (signal: AbortSignal, hurry: AbortSignal) => Promise<B>;
  /** Whether one more browser that nobody waits for may be launched besides the `launching` ones. */
  mayRefill: (launching: number) => boolean;
  /** Whether idle browsers have to go, to free memory. */
  isShort: () => boolean;
  log: Logger;
}

interface Waiting<B> {
  /** By `performance.now()`. */
  since: number;
  resolve: (warm: B) => void;
  reject: (error: unknown) => void;
}

interface Idle<B> {
  warm: B;
  since: number;
  /** Whether its page is being checked. */
  isChecked: boolean;
  /** Whether it was well when it was last asked. */
  answer?: { at: number; isWell: Promise<boolean> };
}

/**
 * Browsers launched ahead, each used by one client at most. Their number follows demand; whoever
 * finds none takes the next one that comes up.
 */
export class WarmPool<B extends WarmBrowser> implements AsyncDisposable {
  readonly #options: WarmPoolOptions<B>;
  readonly #demand = new Demand();
  /** Oldest first. */
  readonly #idle: Idle<B>[] = [];
  readonly #waiting: Waiting<B>[] = [];
  readonly #launches = new Launches();
  readonly #closing = new AbortController();
  readonly #sweeping: NodeJS.Timeout;
  #refilling: NodeJS.Timeout | undefined;
  readonly #backoff = new Backoff({ minMs: BACKOFF_MIN_MS, maxMs: BACKOFF_MAX_MS });
  #backoffUntil = 0;
  #isPaused = false;

  constructor(options: WarmPoolOptions<B>) {
    this.#options = options;
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS).unref();
    this.#launchWanted();
  }

  /** How many are ready. */
  get idle(): number {
    return this.#idle.length;
  }

  /** How many are being launched. */
  get launching(): number {
    return this.#launches.size;
  }

  /** Resolves with a browser that answers. Throws what the launch fails with, or what `signal` aborts with. */
  async take(signal: AbortSignal): Promise<B> {
    signal.throwIfAborted();
    const taken = (await this.takeReady()) ?? (await this.#next(signal));
    if (!signal.aborted) return taken;
    this.giveBack(taken);
    throw signal.reason;
  }

  /** Asks the next browser that was not asked just now whether it is well, for whoever will take it. */
  anticipate(): void {
    const next = this.#idle.find((idle) => !isFresh(idle));
    if (next) void this.#ask(next);
  }

  /** Resolves with a browser that is ready; undefined when there is none, or the first one is not well. */
  async takeReady(): Promise<B | undefined> {
    const first = this.#idle.shift();
    if (!first) return undefined;
    if (await this.#ask(first)) {
      this.#demand.taken(performance.now());
      this.#refillSoon();
      return handOut(first.warm);
    }
    // All are asked again: those that are well come back at once, however many are not.
    for (const { warm } of [first, ...this.#idle.splice(0)]) this.giveBack(warm);
    return undefined;
  }

  /** Takes back a browser that no client has come near; it may serve another client. */
  giveBack(warm: B): void {
    void this.#isWell(warm, HANG_MS).then((isWell) =>
      isWell ? this.#offer(warm) : this.#discard(warm),
    );
  }

  /** Kills one that is ready, if there is any, to free its memory. */
  shrink(): void {
    const oldest = this.#idle.shift();
    if (oldest) this.#retire(oldest.warm);
  }

  /** Kills those that are ready, and launches none but for whoever waits, until `resume`. */
  pause(): void {
    this.#isPaused = true;
    for (const { warm } of this.#idle.splice(0)) this.#retire(warm);
  }

  resume(): void {
    this.#isPaused = false;
    this.#launchWanted();
  }

  /** Launches what is wanted now, since there may be room again. */
  refill(): void {
    this.#launchWanted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeping);
    clearTimeout(this.#refilling);
    this.#closing.abort(new Error('the pool is closed'));
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closing.signal.reason);
    await this.#launches.settled();
    await Promise.all(this.#idle.splice(0).map(({ warm }) => warm.browser.kill()));
  }

  #next(signal: AbortSignal): Promise<B> {
    this.#closing.signal.throwIfAborted();
    signal.throwIfAborted();
    this.#demand.taken(performance.now());
    const { promise, resolve, reject } = Promise.withResolvers<B>();
    const waiting = { since: performance.now(), resolve, reject };
    this.#waiting.push(waiting);
    const leave = () => {
      const at = this.#waiting.indexOf(waiting);
      if (at >= 0) this.#waiting.splice(at, 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#launchWanted();
    return promise.finally(() => signal.removeEventListener('abort', leave));
  }

  /** All callers within a moment share one question. */
  #ask(idle: Idle<B>): Promise<boolean> {
    if (idle.answer && isFresh(idle)) return idle.answer.isWell;
    idle.answer = { at: performance.now(), isWell: this.#isWell(idle.warm) };
    return idle.answer.isWell;
  }

  #isWell({ browser }: B, withinMs = ANSWER_TIMEOUT_MS): Promise<boolean> {
    return succeeds(browser.assertWell(AbortSignal.timeout(withinMs)));
  }

  /**
   * Checks a page while its browser is idle: a page answers later than the browser, and next to
   * never hangs alone.
   */
  async #checkPage(idle: Idle<B>): Promise<void> {
    if (idle.isChecked) return;
    idle.isChecked = true;
    const isWell = await succeeds(idle.warm.browser.checkPage(AbortSignal.timeout(HANG_MS)));
    idle.isChecked = false;
    if (isWell) return;
    if (this.#forget(idle)) this.#discard(idle.warm);
  }

  /** Gives the browser to the oldest waiter; if nobody waits, the browser becomes idle. */
  #offer(warm: B): void {
    if (this.#closing.signal.aborted) return this.#retire(warm);
    const next = this.#waiting.shift();
    if (next) return next.resolve(handOut(warm));
    if (this.#isPaused) return this.#retire(warm);
    const idle = { warm, since: performance.now(), isChecked: false };
    this.#idle.push(idle);
    if (this.#idle.length >= this.#target()) this.#demand.filled();
    void warm.browser.exited.then(() => this.#forget(idle));
  }

  /** False when the browser was handed out already. */
  #forget(idle: Idle<B>): boolean {
    const at = this.#idle.indexOf(idle);
    if (at < 0) return false;
    this.#idle.splice(at, 1);
    this.#refillSoon();
    return true;
  }

  /** Refills at once when none is ready, since the next client would wait for it. */
  #refillSoon(): void {
    const delayMs = this.#idle.length === 0 ? 0 : REFILL_DELAY_MS;
    if (delayMs === 0) clearTimeout(this.#refilling);
    else if (this.#refilling) return;
    this.#refilling = setTimeout(() => {
      this.#refilling = undefined;
      this.#launchWanted();
    }, delayMs).unref();
  }

  #launchWanted(): void {
    while (this.#launches.size < Math.min(this.#wanted(), this.#options.maxLaunches)) {
      this.#launches.begin(
        (hurry) => this.#launch(hurry),
        () => this.#launchWanted(),
      );
    }
    this.#launches.hurry(this.#waiting.length);
  }

  #wanted(): number {
    if (this.#closing.signal.aborted) return 0;
    return this.#waiting.length + this.#missing();
  }

  /** How many more should and may be ready. A browser that has aged is replaced before it is killed. */
  #missing(): number {
    const mayRefill = this.#options.mayRefill(this.#launches.size);
    if (performance.now() < this.#backoffUntil || !mayRefill) return 0;
    const missing = this.#target() - this.#idle.length;
    return missing === 0 && this.#hasAged() ? 1 : Math.max(0, missing);
  }

  #target(): number {
    if (this.#isPaused) return 0;
    const { min, max } = this.#options;
    return Math.min(max, Math.max(min, this.#demand.needed(performance.now())));
  }

  async #launch(hurry: AbortController): Promise<void> {
    const began = performance.now();
    try {
      const warm = await this.#options.launch(this.#closing.signal, hurry.signal);
      hurry.abort();
      this.#demand.replaced();
      this.#backoff.reset();
      this.#backoffUntil = 0;
      this.#offer(warm);
    } catch (error) {
      this.#failed(error, began);
    }
  }

  /**
   * Fails the oldest waiter, unless the launch began before it arrived: such a launch may have been
   * at low priority for too long. Launches that nobody waits for back off exponentially.
   */
  #failed(error: unknown, began: number): void {
    if (this.#closing.signal.aborted) return;
    this.#backoffUntil = performance.now() + this.#backoff.next();
    const [first] = this.#waiting;
    if (first && first.since <= began) this.#waiting.shift()?.reject(error);
  }

  #sweep(): void {
    if (this.#idle.length > this.#target() || this.#options.isShort()) this.shrink();
    this.#launchWanted();
    for (const idle of this.#idle) void this.#checkPage(idle);
  }

  #hasAged(): boolean {
    const [oldest] = this.#idle;
    return oldest !== undefined && performance.now() - oldest.since > MAX_AGE_MS;
  }

  #discard(warm: B): void {
    this.#options.log.warn('a warm browser does not answer and is replaced');
    this.#retire(warm);
    this.#refillSoon();
  }

  #retire({ browser }: B): void {
    browser.kill().catch((err: unknown) => {
      this.#options.log.error({ err }, 'a warm browser could not be ended');
    });
  }
}

function isFresh<B>({ answer }: Idle<B>): boolean {
  return answer !== undefined && performance.now() - answer.at < FRESH_MS;
}

function handOut<B extends WarmBrowser>(warm: B): B {
  warm.browser.leavePage();
  return warm;
}

async function succeeds(check: Promise<void>): Promise<boolean> {
  return check.then(
    () => true,
    () => false,
  );
}
