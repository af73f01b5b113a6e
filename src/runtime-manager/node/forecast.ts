/** How many of the places that were released last are remembered. */
const REMEMBERED = 32;
/** Of more places than these, every nth stands for all, so that the cost of a refusal has a bound. */
const LOOKED_AT = 32;
/**
 * When many places are released at random, one every unit of time, the median time of the nth is n
 * less a third.
 */
const MEDIAN = 1 / 3;
/** While nothing is known yet, a place is hoped for within this time. */
const HOPE_MS = 10_000;

interface Leaving {
  inMs: number;
  /** How many places become free then, on average. */
  places: number;
}

/**
 * Foretells when places become free. Each is expected to be held for as long as one of the
 * remembered places that were held for longer than it has been. Of places that outlived all
 * remembered ones, one is expected to leave in each span as long as they have been held on average.
 * Sorts 32 × 32 values at most, whatever came before and however many places there are.
 */
export class Forecast {
  readonly #held: number[] = [];

  /** A place that was held for so long is free. */
  released(heldMs: number): void {
    this.#held.push(heldMs);
    if (this.#held.length > REMEMBERED) this.#held.shift();
  }

  /** In how many milliseconds `count` places are free, of those that have been held for `heldMs` now. */
  untilFree(count: number, heldMs: readonly number[]): number {
    if (heldMs.length === 0) return HOPE_MS;
    // When more are wanted than there are, all of them change hands several times.
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
