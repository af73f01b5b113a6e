import { RuntimeError } from './errors.ts';

/** How often it is looked whether memory has become free. */
const MEMORY_CHECK_MS = 250;
/** Over how long releases are counted to foretell the next ones. */
const RATE_WINDOW_MS = 60_000;
const RELEASES_KEPT = 256;
const RETRY_AFTER_MAX_S = 300;

export interface AdmissionOptions {
  /** Runtimes at once, also those that are being launched. */
  maxRuntimes: number;
  /** Launches at once: more would only make each of them slower. */
  maxLaunches: number;
  /** How many may wait. */
  maxQueue: number;
  /** How long one waits before it is refused. */
  queueTimeoutMs: number;
  /** Whether the machine's memory has room for a browser beside so many that are being launched. */
  hasMemory: (launching: number) => boolean;
}

/**
 * Who may launch a browser now, who waits, and who is refused: in order of arrival, within the
 * number of runtimes, the number of launches and the memory of the machine.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #queue: Place[] = [];
  readonly #releases: number[] = [];
  #seated = 0;
  #launching = 0;
  #meanLaunchMs = 1000;
  #memoryTimer: NodeJS.Timeout | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  /**
   * A place, at once or in the queue, for who came at a time of `performance.now()`. Throws
   * `runtime.no_capacity` when the queue is full.
   */
  enter(arrivedAt = performance.now()): Place {
    const place = new Place({
      leave: (left) => this.#leave(left),
      launched: (ms) => this.#launched(ms),
      refusal: (reason) => this.#refusal(reason),
      timeoutMs: this.#options.queueTimeoutMs,
      arrivedAt,
    });
    if (this.#queue.length === 0 && this.#hasRoom()) {
      this.#seat(place);
      return place;
    }
    if (this.#queue.length >= this.#options.maxQueue) {
      throw this.#refusal('The machine is full, and so is the queue.');
    }
    this.#queue.push(place);
    place.wait();
    this.#watchMemory();
    return place;
  }

  #hasRoom(): boolean {
    const { maxRuntimes, maxLaunches, hasMemory } = this.#options;
    return (
      this.#seated < maxRuntimes && this.#launching < maxLaunches && hasMemory(this.#launching)
    );
  }

  #seat(place: Place): void {
    this.#seated++;
    this.#launching++;
    place.seat();
  }

  #launched(ms: number): void {
    this.#launching--;
    this.#meanLaunchMs += (ms - this.#meanLaunchMs) / 5;
    this.#admit();
  }

  #leave(place: Place): void {
    if (place.state === 'waiting') {
      this.#queue.splice(this.#queue.indexOf(place), 1);
    } else {
      if (place.state === 'launching') this.#launching--;
      this.#seated--;
      this.#releases.push(Date.now());
      if (this.#releases.length > RELEASES_KEPT) this.#releases.shift();
    }
    this.#admit();
  }

  #admit(): void {
    while (this.#queue.length > 0 && this.#hasRoom()) {
      const next = this.#queue.shift();
      if (next) this.#seat(next);
    }
    this.#watchMemory();
  }

  /** Nothing tells when memory becomes free, so as long as somebody waits it is looked after. */
  #watchMemory(): void {
    if (this.#queue.length === 0) {
      clearInterval(this.#memoryTimer);
      this.#memoryTimer = undefined;
    } else {
      this.#memoryTimer ??= setInterval(() => this.#admit(), MEMORY_CHECK_MS).unref();
    }
  }

  #refusal(message: string): RuntimeError {
    const retryAfterSeconds = this.#retryAfterSeconds();
    return new RuntimeError('runtime.no_capacity', message, { retryAfterSeconds });
  }

  /** When the last of those who wait now would get a place, at the rate seen lately. */
  #retryAfterSeconds(): number {
    const { maxRuntimes, maxLaunches, queueTimeoutMs } = this.#options;
    const ahead = this.#queue.length + 1;
    const byLaunches = (ahead * this.#meanLaunchMs) / maxLaunches;
    const seconds = Math.max(
      byLaunches / 1000,
      this.#seated < maxRuntimes ? 0 : ahead / this.#releasesPerSecond(queueTimeoutMs),
    );
    return Math.min(RETRY_AFTER_MAX_S, Math.max(1, Math.ceil(seconds)));
  }

  /** While nobody leaves, one in the time of a queue is hoped for. */
  #releasesPerSecond(hopeMs: number): number {
    const now = Date.now();
    const recent = this.#releases.filter((at) => at >= now - RATE_WINDOW_MS);
    const [first] = recent;
    if (first === undefined) return 1000 / hopeMs;
    return (recent.length * 1000) / Math.max(1000, now - first);
  }
}

interface PlaceOwner {
  leave: (place: Place) => void;
  launched: (ms: number) => void;
  refusal: (message: string) => RuntimeError;
  timeoutMs: number;
  arrivedAt: number;
}

/** One runtime's place on the machine, from its arrival until it is over. */
export class Place implements Disposable {
  readonly #owner: PlaceOwner;
  readonly #ready = Promise.withResolvers<void>();
  #state: 'waiting' | 'launching' | 'running' | 'left' = 'waiting';
  #deadline: NodeJS.Timeout | undefined;
  #seatedAt = 0;

  constructor(owner: PlaceOwner) {
    this.#owner = owner;
    this.#ready.promise.catch(() => undefined);
  }

  get state(): 'waiting' | 'launching' | 'running' | 'left' {
    return this.#state;
  }

  /** Resolves when the launch may begin. Throws `runtime.no_capacity` when that takes too long. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  wait(): void {
    const { timeoutMs, arrivedAt, refusal } = this.#owner;
    const leftMs = Math.max(0, arrivedAt + timeoutMs - performance.now());
    this.#deadline = setTimeout(() => {
      this.#ready.reject(refusal(`The machine is full: no room within ${timeoutMs / 1000} s.`));
      this[Symbol.dispose]();
    }, leftMs);
  }

  seat(): void {
    clearTimeout(this.#deadline);
    this.#state = 'launching';
    this.#seatedAt = performance.now();
    this.#ready.resolve();
  }

  /** The launch is done: the next one may begin. */
  launched(): void {
    if (this.#state !== 'launching') return;
    this.#state = 'running';
    this.#owner.launched(performance.now() - this.#seatedAt);
  }

  /** Gives the place up. */
  [Symbol.dispose](): void {
    if (this.#state === 'left') return;
    clearTimeout(this.#deadline);
    const leaving = this.#state;
    if (leaving === 'waiting') this.#ready.reject(new Error('the place was given up'));
    this.#owner.leave(this);
    this.#state = 'left';
  }
}
