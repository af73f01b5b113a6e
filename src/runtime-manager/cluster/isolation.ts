/** Whoever can tell this process that it is not alone. */
type Witness = keyof typeof QUIET_MS;

/**
 * How long each witness may be quiet. The database is as long as a lease: others may take this
 * process for lost then. Whoever has to probe it may be slow, so that it gets as long.
 */
const QUIET_MS = { database: 2000, bus: 1000, probe: 2000 };
const WITNESSES = ['database', 'bus', 'probe'] as const;
/** A longer time between two ticks is time in which this process did not run. */
const STEP_MAX_MS = 200;

/**
 * Tells when this process is cut off from all others: the database does not renew its lease, what it
 * says on the bus does not come back, and nobody asks whether it is there. Only time in which the
 * process ran counts, since one that was stopped may have been asked meanwhile.
 */
export class Isolation {
  #ranMs = 0;
  #tickedAt = performance.now();
  #heard: Record<Witness, number> = { database: 0, bus: 0, probe: 0 };

  /** A moment, for a witness that answers later. */
  get now(): number {
    return this.#ranMs;
  }

  /** Something was heard of a witness, at a moment. */
  hear(witness: Witness, at = this.now): void {
    this.#heard[witness] = Math.max(this.#heard[witness], at);
  }

  /** To be called several times a second. */
  tick(): void {
    const now = performance.now();
    this.#ranMs += Math.min(now - this.#tickedAt, STEP_MAX_MS);
    this.#tickedAt = now;
  }

  get isCutOff(): boolean {
    return WITNESSES.every((one) => this.now - this.#heard[one] >= QUIET_MS[one]);
  }
}
