const EVERY_MS = 2000;
const SILENCE_MS = 10_000;

export interface HeartbeatParts {
  ping: (n: number) => void;
  /** How long the way there and back takes. */
  onLatency: (ms: number) => void;
  /** A ping was not answered for so long that the connection cannot be alive. */
  onSilence: () => void;
}

/** Asks every two seconds whether the service is there. */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  #timer: ReturnType<typeof setInterval> | undefined;
  #n = 0;
  /** When the ping was sent that is not answered yet. */
  #askedAt: number | undefined;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => this.#beat(), EVERY_MS);
    this.#beat();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#askedAt = undefined;
  }

  heard(n: number): void {
    if (n !== this.#n || this.#askedAt === undefined) return;
    this.#parts.onLatency(performance.now() - this.#askedAt);
    this.#askedAt = undefined;
  }

  #beat(): void {
    const now = performance.now();
    if (this.#askedAt === undefined) {
      this.#askedAt = now;
      this.#parts.ping(++this.#n);
    } else if (now - this.#askedAt > SILENCE_MS) {
      this.#parts.onSilence();
    }
  }
}
