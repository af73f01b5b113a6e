import { RateLimiterMemory } from 'rate-limiter-flexible';

const WINDOW_SECONDS = 60;

/** How many requests a key may still make, and in how long that begins anew. */
export interface Allowance {
  limit: number;
  remaining: number;
  resetSeconds: number;
  /** The request is one too many. */
  isExceeded: boolean;
}

/** Counts the requests of each API key, by the minute, in the memory of this process. */
export class RateLimits {
  readonly #limiter: RateLimiterMemory;

  /** `perMinute`: what each key may ask. */
  constructor(perMinute: number) {
    this.#limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS });
  }

  async count(keyId: string): Promise<Allowance> {
    const { consumedPoints, remainingPoints, msBeforeNext } = await this.#limiter.penalty(keyId);
    return {
      limit: this.#limiter.points,
      remaining: remainingPoints,
      resetSeconds: secondsOf(msBeforeNext),
      isExceeded: consumedPoints > this.#limiter.points,
    };
  }
}

/** Whole seconds, at least one: what a `Retry-After` can say. */
export function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
