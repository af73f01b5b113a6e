import { StepError } from '../../operations/steps/step-error.ts';

/** Ends a step: when it is cancelled, or after its time. */
export class TimeLimit implements Disposable {
  readonly #end = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #cancelled: AbortSignal;

  /** `graceMs` is for calls that end in time themselves, and then say more about it. */
  constructor(timeoutMs: number, graceMs: number, cancelled: AbortSignal) {
    this.#cancelled = cancelled;
    const over = new StepError('step_timeout', `The step did not end within ${timeoutMs} ms`);
    this.#timer = setTimeout(() => this.#end.abort(over), timeoutMs + graceMs);
    cancelled.addEventListener('abort', this.#cancel, { once: true });
    if (cancelled.aborted) this.#cancel();
  }

  /** Its reason is a `StepError`. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#cancelled.removeEventListener('abort', this.#cancel);
  }

  readonly #cancel = (): void => {
    this.#end.abort(new StepError('cancelled', 'The step was cancelled'));
  };
}
