import { setTimeout as delay } from 'node:timers/promises';
import { Backoff, type BackoffDelays } from './backoff.ts';

export interface RetryOptions extends BackoffDelays {
  onFailure: (error: unknown) => void;
  /** Gives up when it aborts. */
  signal?: AbortSignal;
}

/**
 * Does some work as often as it takes, and resolves with its result. Rejects with what `onFailure`
 * throws, and with an AbortError when `signal` aborts.
 */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { onFailure, signal } = options;
  const backoff = new Backoff(options);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!signal?.aborted) onFailure(error);
    }
    await delay(backoff.next(), undefined, signal && { signal });
  }
}
