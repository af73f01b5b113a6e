import { RuntimeError } from '../errors.ts';
import { Forecast } from './forecast.ts';
import { LaunchTime } from './launch-time.ts';
import type { NodeLoad } from './capacity.ts';

/** How often free memory is looked at while somebody waits. */
const MEMORY_CHECK_MS = 250;
const RETRY_AFTER_MAX_S = 300;

export interface AdmissionOptions {
  /** How many runtimes there may be at once, with those that are being launched. */
  maxRuntimes: number;
  /** How many launches may run at once; more would only make each of them slower. */
  maxLaunches: number;
  /** How many requests may wait. */
  maxQueue: number;
  /**
   * How long a request waits before it is refused. Undefined: for as long as its launch would still
   * be done within the 30 s that clients usually wait.
   */
  queueTimeoutMs: number | undefined;
  /** Whether the machine's memory has room for a browser besides the `launching` ones. */
  hasMemory: (launching: number) => boolean;
  /** Called when a launch is done, or a place is free: there may be room again. */
  onRoom?: () => void;
}

/**
 * Decides which request may launch a browser now, which waits, and which is refused: in order of
 * arrival, within the number of runtimes, the number of launches and the memory of the machine.
 */
export class Admission {
  /** Whether others come first: then there is no room for requests that may not wait. */
  othersWait = false;
  readonly #options: AdmissionOptions;
  readonly #queue: Place[] = [];
  readonly #seated = new Set<Place>();
  readonly #forecast = new Forecast();
  readonly #launchTime = new LaunchTime();
  #launching = 0;
  #memoryTimer: NodeJS.Timeout | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get load(): Omit<NodeLoad, 'warm'> {
    const [slots, active, waiting] = [
      this.#options.maxRuntimes,
      this.#seated.size,
      this.#queue.length,
    ];
    const free = this.#options.hasMemory(this.#launching + waiting) ? slots - active - waiting : 0;
    return { slots, active, waiting, free: Math.max(0, free) };
  }

  /** For how long the first in the queue has waited; 0 when nobody waits. */
  get oldestWaitMs(): number {
    return this.#queue[0]?.waitedMs ?? 0;
  }

  /**
   * A place, at once or in the queue, for a request that arrived at `arrivedAt`, by
   * `performance.now()`. Throws `runtime.no_capacity` when the queue is full, or the request may not
   * wait.
   */
  enter(arrivedAt = performance.now(), mayWait = true): Place {
    if (!mayWait && this.othersWait) throw this.#refusal('Others wait for the machine.');
    const seated = this.takeRoom(arrivedAt);
    if (seated) return seated;
    // For its turn to launch it waits in any case.
    if (!mayWait && this.load.free === 0) throw this.#refusal('The machine is full.');
    if (this.#queue.length >= this.#options.maxQueue) {
      throw this.#refusal('The machine is full, and so is the queue.');
    }
    const place = this.#place(arrivedAt);
    this.#queue.push(place);
    place.wait();
    this.#watchMemory();
    return place;
  }

  /** A place to launch at once; undefined when there is none. */
  takeRoom(arrivedAt = performance.now()): Place | undefined {
    if (this.#queue.length > 0 || !this.#hasRoom()) return undefined;
    const place = this.#place(arrivedAt);
    this.#seat(place);
    return place;
  }

  #place(arrivedAt: number): Place {
    const { queueTimeoutMs } = this.#options;
    return new Place({
      leave: (left, wasUsed) => this.#leave(left, wasUsed),
      launched: (ms) => this.#launched(ms),
      refusal: (reason) => this.#refusal(reason),
      timeoutMs: () => queueTimeoutMs ?? this.#launchTime.patienceMs,
      arrivedAt,
    });
  }

  #hasRoom(): boolean {
    const { maxRuntimes, maxLaunches, hasMemory } = this.#options;
    return (
      this.#seated.size < maxRuntimes && this.#launching < maxLaunches && hasMemory(this.#launching)
    );
  }

  #seat(place: Place): void {
    this.#seated.add(place);
    this.#launching++;
    place.seat();
  }

  #launched(ms: number): void {
    this.#launching--;
    this.#launchTime.measured(ms);
    this.#admit();
    this.#options.onRoom?.();
  }

  #leave(place: Place, wasUsed: boolean): void {
    if (place.state === 'waiting') {
      this.#queue.splice(this.#queue.indexOf(place), 1);
    } else {
      if (place.state === 'launching') this.#launching--;
      this.#seated.delete(place);
      if (wasUsed) this.#forecast.released(place.heldMs);
    }
    this.#admit();
    if (wasUsed) this.#options.onRoom?.();
  }

  #admit(): void {
    while (this.#queue.length > 0 && this.#hasRoom()) {
      const next = this.#queue.shift();
      if (next) this.#seat(next);
    }
    this.#watchMemory();
  }

  /** Nothing tells when memory becomes free, so it is looked at as long as somebody waits. */
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

  /** In how many seconds one more request than those that wait now would get a place. */
  #retryAfterSeconds(): number {
    const { maxRuntimes, maxLaunches, hasMemory } = this.#options;
    const wanted = this.#queue.length + 1;
    const launchesMs = (wanted * this.#launchTime.meanMs) / maxLaunches;
    const places = hasMemory(this.#launching) ? wanted + this.#seated.size - maxRuntimes : wanted;
    const held = () => [...this.#seated].map(({ heldMs }) => heldMs);
    const freeMs = places > 0 ? this.#forecast.untilFree(places, held()) : 0;
    const seconds = Math.ceil(Math.max(launchesMs, freeMs) / 1000);
    return Math.min(RETRY_AFTER_MAX_S, Math.max(1, seconds));
  }
}

interface PlaceOwner {
  leave: (place: Place, wasUsed: boolean) => void;
  launched: (ms: number) => void;
  refusal: (message: string) => RuntimeError;
  /** How long to wait in all, as far as is known now. */
  timeoutMs: () => number;
  arrivedAt: number;
}

/** One runtime's place on the machine, from the arrival of its request until the runtime is over. */
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

  /** How long ago its request arrived. */
  get waitedMs(): number {
    return performance.now() - this.#owner.arrivedAt;
  }

  /** How long the place has been held. */
  get heldMs(): number {
    return performance.now() - this.#seatedAt;
  }

  wait(): void {
    this.#deadline = setTimeout(
      () => (this.#leftMs() > 0 ? this.wait() : this.#refuse()),
      Math.max(0, Math.ceil(this.#leftMs())),
    );
  }

  #leftMs(): number {
    const { timeoutMs, arrivedAt } = this.#owner;
    return arrivedAt + timeoutMs() - performance.now();
  }

  #refuse(): void {
    const { leave, refusal, arrivedAt } = this.#owner;
    const seconds = Math.round((performance.now() - arrivedAt) / 100) / 10;
    leave(this, true);
    this.#state = 'left';
    this.#ready.reject(refusal(`The machine is full: no room within ${seconds} s.`));
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
    this.#giveUp(true);
  }

  /** Gives the place up as if it had not been taken: nobody came for it. */
  giveBack(): void {
    this.#giveUp(false);
  }

  #giveUp(wasUsed: boolean): void {
    if (this.#state === 'left') return;
    clearTimeout(this.#deadline);
    const leaving = this.#state;
    if (leaving === 'waiting') this.#ready.reject(new Error('the place was given up'));
    this.#owner.leave(this, wasUsed);
    this.#state = 'left';
  }
}
