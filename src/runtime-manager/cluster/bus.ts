/** How long a request may take, and who may give it up. */
export interface BusRequestOptions {
  timeoutMs: number;
  /** Aborts when nobody waits for the answer any more. */
  signal?: AbortSignal | undefined;
}

/** One request, as whoever serves it sees it. */
export interface BusCall {
  /**
   * Answers the request, and resolves with whether the asker had the answer within so long. Without
   * this, what `work` resolves with is the answer.
   */
  answer(message: unknown, withinMs: number): Promise<boolean>;
}

/** Carries out a request: its result is the answer, unless `call.answer` gave one. */
export type BusWork = (message: unknown, call: BusCall) => Promise<unknown>;

/** How a process asks and tells others. */
export interface Asking {
  /**
   * Asks whoever serves a subject. An answer is confirmed as soon as it is here. Throws `BusError`.
   */
  request(subject: string, message: unknown, options: BusRequestOptions): Promise<unknown>;
  /** Tells whoever listens. Nothing is told while there is no connection. */
  publish(subject: string, message: unknown): void;
}

/** How a process is asked and told. */
export interface Serving {
  /** Serves a subject; of all that serve it in one queue, one gets each request. */
  serve(subject: string, work: BusWork, options?: { queue?: string }): Disposable;
  subscribe(subject: string, heard: (message: unknown, subject: string) => void): Disposable;
}

/**
 * How the processes of a cluster talk: messages of JSON, a megabyte at most, by subjects such as
 * `bctrl.v1.node.<id>.stop`, in which `*` is any one word and `>` all that follow. Nothing is kept:
 * a message that nobody hears is gone.
 */
export interface Bus extends Asking, Serving, AsyncDisposable {
  /** Whether messages are carried now. */
  readonly isConnected: boolean;
}

/**
 * Why a request has no answer. After `no_responders` and `disconnected`, nobody has got it; after
 * `timeout`, `aborted` and `interrupted` (the connection broke meanwhile) it may be carried out all
 * the same.
 */
export type BusFailure = 'no_responders' | 'disconnected' | 'timeout' | 'aborted' | 'interrupted';

export class BusError extends Error {
  readonly failure: BusFailure;

  constructor(failure: BusFailure, subject: string, options: { cause?: unknown } = {}) {
    super(`${subject}: ${failure}`, options);
    this.name = 'BusError';
    this.failure = failure;
  }
}
