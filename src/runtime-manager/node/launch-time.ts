/** The mean before a launch was measured. */
const FIRST_GUESS_MS = 1000;
/** No launch is done within this time: a browser that is there by then was ready. */
const READY_MS = 100;
/**
 * How much the newest time counts, and within how many deviations nearly all stay:
 * https://www.rfc-editor.org/rfc/rfc6298
 */
const MEAN_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;
const DEVIATIONS = 4;
/** How long clients usually wait for an answer. */
const CLIENT_PATIENCE_MS = 30_000;
/** The part of that time which an answer takes besides the queue and the launch. */
const ANSWER_MS = 1000;

/** How long launches take just now, in milliseconds. */
export class LaunchTime {
  #meanMs = FIRST_GUESS_MS;
  #deviationMs = FIRST_GUESS_MS / 2;

  measured(ms: number): void {
    if (ms < READY_MS) return;
    this.#deviationMs += (Math.abs(ms - this.#meanMs) - this.#deviationMs) * DEVIATION_GAIN;
    this.#meanMs += (ms - this.#meanMs) * MEAN_GAIN;
  }

  get meanMs(): number {
    return this.#meanMs;
  }

  /** The time that hardly any launch exceeds. */
  get longMs(): number {
    return this.#meanMs + DEVIATIONS * this.#deviationMs;
  }

  /** How long a request may wait for room, so that its launch is still done while its client waits. */
  get patienceMs(): number {
    return CLIENT_PATIENCE_MS - ANSWER_MS - Math.min(CLIENT_PATIENCE_MS / 2, this.longMs);
  }
}
