import { createHash, randomBytes } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { ApiError } from './errors.ts';
import { secondsOf } from './rate-limits.ts';

const WINDOW_SECONDS = 60;
/** How many different wrong keys an address may send; whoever sends more is guessing. */
const GUESSES = 30;
/** How often an address may repeat one wrong key, as a program with an outdated key does. */
const REPEATS = 600;
/** The number of counters; addresses share them, so that memory has a bound. */
const COUNTERS = 2 ** 14;
/** How many keys that were right are remembered, the newest ones. */
const ACCEPTED_MAX = 10_000;

/**
 * Slows down whoever guesses API keys, by address. Several clients may share an address, as behind
 * a proxy: so a key that was right before is never refused because of other clients, and repeats of
 * one wrong key count as one guess.
 */
export class WrongKeys {
  readonly #guesses = new RateLimiterMemory({ points: GUESSES, duration: WINDOW_SECONDS });
  readonly #repeats = new RateLimiterMemory({ points: REPEATS, duration: WINDOW_SECONDS });
  readonly #accepted = new Set<string>();
  /** Keeps outsiders from telling which addresses share a counter. */
  readonly #salt = randomBytes(16);

  /** Throws `request.rate_limited` if this address has sent too many wrong keys. */
  async assertMayTry(secret: string, address: string): Promise<void> {
    if (this.wasAccepted(secret)) return;
    const guesses = await this.#guesses.get(this.#counter(networkOf(address)));
    if (guesses && guesses.consumedPoints >= GUESSES) {
      throw refusal('Too many different wrong API keys came from this address.', guesses);
    }
    const repeats = await this.#repeats.get(this.#counter(networkOf(address), secret));
    if (repeats && repeats.consumedPoints >= REPEATS) {
      throw refusal('This API key is not valid, and this address sent it too often.', repeats);
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

/** Returns the /64 of an IPv6 address, since one machine may have all of it. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, 8).join('.');
}
