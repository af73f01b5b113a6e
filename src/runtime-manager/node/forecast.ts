/** Of how many places it is remembered how long they were held. */
const REMEMBERED = 32;
/** Of more places than these, every nth stands for all: what a refusal costs has a bound. */
const LOOKED_AT = 32;
/** The median of when the nth of many comes that come at random is that of n less a third. */
const MEDIAN = 1 / 3;
/** While nothing is known yet, one is hoped for within this time. */
const HOPE_MS = 10_000;

interface Leaving {
  inMs: number;
  /** How many places become free then, on average. */
  places: number;
}

/**
 * Foretells when places become free. Each is expected to be held for as long as one of those that
 * were free lately and had been held for longer than it has been; those that outlived all of them
 * leave one in the time that they have been held on average. Sorts 32 × 32 values at most, whatever
 * came before and however many places there are.
 */
export class Forecast {
  readonly #held: number[] = [];

  /** A place is free that was held for so long. */
  released(heldMs: number): void {
    this.#held.push(heldMs);
    if (this.#held.length > REMEMBERED) this.#held.shift();
  }

  /** In how many milliseconds so many are free of the places that have been held for `heldMs` now. */
  untilFree(count: number, heldMs: readonly number[]): number {
    if (heldMs.length === 0) return HOPE_MS;
    // More than there are: all of them change hands several times.
    const rounds = Math.floor((count - 1) / heldMs.length);
    const usualMs = mean(this.#held.length > 0 ? this.#held : heldMs);
    return rounds * usualMs + this.#untilFree(count - rounds * heldMs.length, heldMs);
  }

  #untilFree(count: number, heldMs: readonly number[]): number {
    const step = Math.ceil(heldMs.length / LOOKED_AT);
    const sample = heldMs.filter((_, n) => n % step === 0);
    const scale = heldMs.length / sample.length;
    const outlived = sample.filter((held) => this.#longerThan(held).length === 0);
    const everyMs = Math.max(HOPE_MS, mean(outlived));
    const wanted = count - MEDIAN;
    const outlivedIn = (ms: number) => Math.min(outlived.length * scale, ms / everyMs);
    let free = 0;
    for (const { inMs, places } of this.#leavings(sample, scale)) {
      if (free + outlivedIn(inMs) >= wanted) break;
      free += places;
      if (free + outlivedIn(inMs) >= wanted) return inMs;
    }
    return (wanted - free) * everyMs;
  }

  #leavings(sample: readonly number[], scale: number): Leaving[] {
    const leavings = sample.flatMap((held) => {
      const longer = this.#longerThan(held);
      return longer.map((one) => ({ inMs: one - held, places: scale / longer.length }));
    });
    return leavings.toSorted((a, b) => a.inMs - b.inMs);
  }

  #longerThan(ms: number): number[] {
    return this.#held.filter((held) => held > ms);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
