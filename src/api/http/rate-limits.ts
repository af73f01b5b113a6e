import { RateLimiterMemory } from 'rate-limiter-flexible';

const WINDOW_SECONDS = 60;

/** How many requests a key may still make, and when its count starts again. */
export interface Allowance {
  limit: number;
  remaining: number;
  resetSeconds: number;
  /** Whether the request is one too many. */
  isExceeded: boolean;
}

/** Counts the requests of each API key per minute, in the memory of this process. */
export class RateLimits {
  readonly #limiter: RateLimiterMemory;

  /** `perMinute`: how many requests each key may make. */
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

/** Returns whole seconds, at least one, which is what `Retry-After` can say. */
export function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
