import type { MemoryState } from './machine-state.ts';
import { every } from '../timing/every.ts';
import { availableMemory, memoryOf } from './memory.ts';
import { processesUnder } from './process-table.ts';

/** Reading what processes use is work for the kernel. */
const MEASURE_INTERVAL_MS = 30_000;
const BROWSERS_AT_ONCE = 10;

export interface MemoryBudgetOptions {
  /** Where browsers have their directories. */
  root: string;
  /** How much of the machine's memory is to stay free. */
  floorBytes: number;
  /** What one browser takes, until more of them have been measured. */
  browserBytes: number;
}

/** How many browsers this machine's memory has room for, judged by what browsers were measured to use. */
export class MemoryBudget implements Disposable {
  readonly #options: MemoryBudgetOptions;
  readonly #measuring: Disposable;
  /** Bytes, by the name of the browser's directory; the oldest measurement comes first. */
  readonly #measured = new Map<string, number>();
  #browserBytes: number;
  #allBrowsersBytes = 0;

  constructor(options: MemoryBudgetOptions) {
    this.#options = options;
    this.#browserBytes = options.browserBytes;
    this.#measuring = every(
      MEASURE_INTERVAL_MS,
      () => this.measure(),
      () => undefined, // The last measurement holds until one succeeds.
    );
  }

  /** What all browsers use, estimated from those that were measured. */
  get allBrowsersBytes(): number {
    return this.#allBrowsersBytes;
  }

  get state(): MemoryState {
    const { floorBytes } = this.#options;
    return { freeBytes: availableMemory(), floorBytes, browserBytes: this.#allBrowsersBytes };
  }

  hasRoomFor(browsers: number): boolean {
    return availableMemory() >= browsers * this.#browserBytes + this.#options.floorBytes;
  }

  /** Measures a few browsers, however many there are: new ones first, then each in its turn. */
  async measure(): Promise<void> {
    const { root } = this.#options;
    const browsers = Map.groupBy(await processesUnder(root), ({ directory }) => directory);
    const measured = this.#measured;
    for (const name of measured.keys()) if (!browsers.has(name)) measured.delete(name);
    const isNew = [...browsers.keys()].filter((name) => !measured.has(name));
    for (const name of [...isNew, ...measured.keys()].slice(0, BROWSERS_AT_ONCE)) {
      const bytes = await memoryOf(browsers.get(name) ?? []);
      measured.delete(name);
      if (bytes > 0) measured.set(name, bytes);
    }
    if (measured.size > 0) {
      const bytes = [...measured.values()].reduce((sum, one) => sum + one, 0);
      this.#browserBytes = bytes / measured.size;
    }
    this.#allBrowsersBytes = browsers.size * this.#browserBytes;
  }

  [Symbol.dispose](): void {
    this.#measuring[Symbol.dispose]();
  }
}
