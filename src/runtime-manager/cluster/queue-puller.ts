import type { Logger } from 'pino';
import type { OwnNode } from '../node/runtime-node.ts';
import type { WaitingStore } from '../runtime/waiting-store.ts';
import type { Bus } from './bus.ts';
import { LONG_WAIT_MS } from './queue.ts';
import { SUBJECTS } from './subjects.ts';

/** How often a node looks while it knows of runtimes that wait: memory becomes free without a word. */
const LOOK_MS = 500;
/** How often it looks otherwise, should it not have heard of one. */
const SELDOM_MS = 2000;

export interface QueuePullerParts {
  bus: Bus;
  node: OwnNode;
  store: Pick<WaitingStore, 'pull' | 'countWaiting'>;
  log: Logger;
}

/**
 * Has a node take runtimes that wait in the database, oldest first, as long as it has room. While it
 * knows that more wait, it takes nothing else.
 */
export class QueuePuller implements Disposable {
  readonly #parts: QueuePullerParts;
  readonly #triggers = new DisposableStack();
  /** Whether this node knows of runtimes that wait. */
  #mayWait = false;
  #isCrowded = false;
  /** Whether there is reason for one more look. */
  #isDue = false;
  /** Whether the next look also learns how many wait, where there is no room for them. */
  #isCountDue = false;
  #isLooking = false;

  constructor(parts: QueuePullerParts) {
    const { bus, node } = parts;
    this.#parts = parts;
    this.#triggers.use(bus.subscribe(SUBJECTS.queueWaiting, () => this.#expect()));
    this.#triggers.use(
      node.onRoom(() => {
        if (this.#mayWait) this.#look();
      }),
    );
    const timers = [
      setInterval(() => this.#mayWait && this.#lookAndCount(), LOOK_MS).unref(),
      setInterval(() => this.#lookAndCount(), SELDOM_MS).unref(),
    ];
    for (const timer of timers) this.#triggers.defer(() => clearInterval(timer));
    this.#lookAndCount();
  }

  /** Whether runtimes have waited for long while this node had no room: so new ones come after them. */
  get isCrowded(): boolean {
    return this.#isCrowded;
  }

  /** Pulls nothing more. */
  [Symbol.dispose](): void {
    this.#triggers[Symbol.dispose]();
    this.#isDue = false;
  }

  #expect(): void {
    this.#mayWait = true;
    this.#look();
  }

  #lookAndCount(): void {
    this.#isCountDue = true;
    this.#look();
  }

  /** Takes the place at once, before whoever comes next. */
  #look(): void {
    if (this.#triggers.disposed) return;
    this.#isDue = true;
    if (!this.#isLooking) void this.#lookWhileDue();
  }

  async #lookWhileDue(): Promise<void> {
    this.#isLooking = true;
    while (this.#isDue) {
      this.#isDue = false;
      try {
        await this.#pull();
      } catch (err) {
        this.#parts.log.warn({ err }, 'no runtime could be taken from the queue');
      }
    }
    this.#isLooking = false;
  }

  async #pull(): Promise<void> {
    const { node, store } = this.#parts;
    const adoption = await node.adopt(() => store.pull(node));
    if (adoption === 'nobody_waits') return this.#nobodyWaits();
    if (adoption === 'adopted') {
      this.#somebodyWaits();
      this.#isDue = !this.#triggers.disposed;
    } else if (this.#isCountDue) {
      await this.#count();
    } else {
      node.othersWait = this.#mayWait;
    }
  }

  async #count(): Promise<void> {
    this.#isCountDue = false;
    const { waiting, oldestMs } = await this.#parts.store.countWaiting(1);
    if (waiting === 0) return this.#nobodyWaits();
    this.#somebodyWaits();
    this.#isCrowded = oldestMs >= LONG_WAIT_MS;
  }

  #somebodyWaits(): void {
    this.#mayWait = true;
    this.#parts.node.othersWait = true;
  }

  /** Unless that was told just now. */
  #nobodyWaits(): void {
    this.#mayWait = this.#isDue;
    this.#isCrowded = false;
    this.#parts.node.othersWait = false;
  }
}
