import type { Logger } from 'pino';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** What a supervisor sends; the others come from a terminal, where nobody waits for a drain. */
const DRAINING_SIGNAL = 'SIGTERM';
/**
 * A signal that comes so soon after the first is the same wish: the terminal signals every process
 * of its group, and npm passes on the signal that it gets.
 */
const SAME_WISH_MS = 2000;
/** How long an end may take before the service is up. */
const START_GRACE_MS = 5000;

export interface ShutdownOptions {
  log: Logger;
  /** Ends all that the service has started; waits only for what takes a moment. */
  kill: () => Promise<void>;
}

/** Listens for the wish that the service end, and sees to it that the service does. */
export class Shutdown {
  /** Resolves with the wish when the end is due: at once, or when all is drained. */
  readonly due: Promise<string>;
  readonly #options: ShutdownOptions;
  readonly #resolve: (wish: string) => void;
  #graceMs = START_GRACE_MS;
  #drain: () => Promise<void> = async () => undefined;
  #askedAt: number | undefined;
  #isDue = false;
  #killing: Promise<never> | undefined;

  /** Listens to signals from now on. */
  constructor(options: ShutdownOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.due = promise;
    this.#resolve = resolve;
    for (const signal of SIGNALS) process.on(signal, () => this.#onSignal(signal));
  }

  /** How long an orderly end may take from now on; SIGTERM begins it once `drain` has resolved. */
  allow(graceMs: number, drain: () => Promise<void> = async () => undefined): void {
    this.#graceMs = graceMs;
    this.#drain = drain;
  }

  /** Begins an orderly end at once, unless it has begun. */
  end(wish: string): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#askedAt ??= performance.now();
    const graceMs = this.#graceMs;
    setTimeout(() => {
      this.#options.log.error({ graceMs }, 'the shutdown took too long: what is left is ended now');
      void this.now();
    }, graceMs).unref();
    this.#resolve(wish);
  }

  #onSignal(signal: string): void {
    if (this.#askedAt === undefined) return this.#ask(signal);
    if (this.#killing || performance.now() - this.#askedAt < SAME_WISH_MS) return;
    this.#options.log.warn({ signal }, 'told again to end: what is left is ended now');
    void this.now();
  }

  #ask(signal: string): void {
    const { log } = this.#options;
    this.#askedAt = performance.now();
    log.info({ signal }, 'shutting down');
    if (signal !== DRAINING_SIGNAL) return this.end(signal);
    const drained = this.#drain().catch((err: unknown) => log.error({ err }, 'the drain failed'));
    void drained.then(() => this.end(signal));
  }

  /** Ends the process, and what it has started, with an exit code. */
  now(exitCode = 1): Promise<never> {
    this.#killing ??= this.#kill(exitCode);
    return this.#killing;
  }

  async #kill(exitCode: number): Promise<never> {
    await this.#options.kill();
    process.exit(exitCode);
  }
}
