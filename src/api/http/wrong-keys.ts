import { createHash, randomBytes } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { ApiError } from './errors.ts';
import { secondsOf } from './rate-limits.ts';

const WINDOW_SECONDS = 60;
/** Different wrong keys from one address: whoever has more of them is guessing. */
const GUESSES = 30;
/** The same wrong key again: a program that was not told of a new one. */
const REPEATS = 600;
/** Addresses share counters beyond so many, so what is counted has a bound. */
const COUNTERS = 2 ** 14;
/** Keys that were right are remembered, the newest so many of them. */
const ACCEPTED_MAX = 10_000;

/**
 * Slows down whoever guesses API keys, by the address. Several clients may have one address, as
 * behind a proxy: so a key that was right before is never refused for what others there do, and a
 * client that repeats one wrong key counts as one guess.
 */
export class WrongKeys {
  readonly #guesses = new RateLimiterMemory({ points: GUESSES, duration: WINDOW_SECONDS });
  readonly #repeats = new RateLimiterMemory({ points: REPEATS, duration: WINDOW_SECONDS });
  readonly #accepted = new Set<string>();
  /** Nobody can tell who shares a counter. */
  readonly #salt = randomBytes(16);

  /** Throws `request.rate_limited` when a key from this address is not even looked at. */
  async assertMayTry(secret: string, address: string): Promise<void> {
    if (this.wasAccepted(secret)) return;
    const guesses = await this.#guesses.get(this.#counter(networkOf(address)));
    if (guesses && guesses.consumedPoints >= GUESSES) {
      throw refusal('Too many different wrong API keys came from this address.', guesses);
    }
    const repeats = await this.#repeats.get(this.#counter(networkOf(address), secret));
    if (repeats && repeats.consumedPoints >= REPEATS) {
      throw refusal('This API key is not valid, and was sent too often.', repeats);
    }
  }

  /** Whether a key was right before. */
  wasAccepted(secret: string): boolean {
    return this.#accepted.has(this.#digest(secret));
  }

  accept(secret: string): void {
    const digest = this.#digest(secret);
    if (this.#accepted.has(digest)) return;
    this.#accepted.add(digest);
    const [oldest] = this.#accepted;
    if (this.#accepted.size > ACCEPTED_MAX && oldest !== undefined) this.#accepted.delete(oldest);
  }

  async refuse(secret: string, address: string): Promise<void> {
    this.#accepted.delete(this.#digest(secret));
    const network = networkOf(address);
    const { isFirstInDuration } = await this.#repeats.penalty(this.#counter(network, secret));
    if (isFirstInDuration) await this.#guesses.penalty(this.#counter(network));
  }

  #digest(...parts: string[]): string {
    const hash = createHash('sha256').update(this.#salt);
    return hash.update(JSON.stringify(parts)).digest('base64');
  }

  #counter(...parts: string[]): number {
    return Buffer.from(this.#digest(...parts), 'base64').readUInt32LE() % COUNTERS;
  }
}

function refusal(message: string, { msBeforeNext }: { msBeforeNext: number }): ApiError {
  return new ApiError('request.rate_limited', message, {
    retryAfterSeconds: secondsOf(msBeforeNext),
  });
}

/** Of an IPv6 address its /64, all of which one machine may have. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, 8).join('.');
}
