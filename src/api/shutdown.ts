import type { Logger } from 'pino';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/**
 * A signal that comes so soon after the first is the same wish: the terminal signals every process
 * of its group, and npm passes on the signal that it gets.
 */
const SAME_WISH_MS = 2000;
/** How long an end may take before the service is up. */
const START_GRACE_MS = 2500;

export interface ShutdownOptions {
  log: Logger;
  /** Ends all that the service has started; waits only for what takes a moment. */
  kill: () => Promise<void>;
}

/** Listens for the wish that the service end, and sees to it that the service does. */
export class Shutdown {
  /** Resolves with the first wish. */
  readonly asked: Promise<string>;
  readonly #options: ShutdownOptions;
  readonly #resolve: (wish: string) => void;
  #graceMs = START_GRACE_MS;
  #askedAt: number | undefined;
  #killing: Promise<never> | undefined;

  /** Listens to signals from now on. */
  constructor(options: ShutdownOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.asked = promise;
    this.#resolve = resolve;
    for (const signal of SIGNALS) process.on(signal, () => this.#onSignal(signal));
  }

  /** How long an orderly end may take from now on. */
  allow(graceMs: number): void {
    this.#graceMs = graceMs;
  }

  /** Begins an orderly end, unless one has begun. */
  ask(wish: string): void {
    if (this.#askedAt !== undefined) return;
    this.#askedAt = performance.now();
    const graceMs = this.#graceMs;
    this.#options.log.info({ signal: wish }, 'shutting down');
    setTimeout(() => {
      this.#options.log.error({ graceMs }, 'the shutdown took too long: what is left is ended now');
      void this.now();
    }, graceMs).unref();
    this.#resolve(wish);
  }

  #onSignal(signal: string): void {
    if (this.#askedAt === undefined) return this.ask(signal);
    if (this.#killing || performance.now() - this.#askedAt < SAME_WISH_MS) return;
    this.#options.log.warn({ signal }, 'told again to end: what is left is ended now');
    void this.now();
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
