import { availableMemory, browserMemory } from './memory.ts';

/** Reading what processes use is work for the kernel. */
const MEASURE_INTERVAL_MS = 30_000;

export interface MemoryBudgetOptions {
  /** Where browsers have their directories. */
  root: string;
  /** What is to stay free of the machine's memory. */
  floorBytes: number;
  /** What one browser takes, until more of them have been measured. */
  browserBytes: number;
}

/** How many browsers this machine's memory has room for, by what browsers are measured to take. */
export class MemoryBudget implements Disposable {
  readonly #options: MemoryBudgetOptions;
  readonly #measuring: NodeJS.Timeout;
  #browserBytes: number;
  #allBrowsersBytes = 0;

  constructor(options: MemoryBudgetOptions) {
    this.#options = options;
    this.#browserBytes = options.browserBytes;
    this.#measuring = setInterval(() => void this.#measure(), MEASURE_INTERVAL_MS).unref();
  }

  /** What all browsers used when it was last measured. */
  get allBrowsersBytes(): number {
    return this.#allBrowsersBytes;
  }

  hasRoomFor(browsers: number): boolean {
    return availableMemory() >= browsers * this.#browserBytes + this.#options.floorBytes;
  }

  async #measure(): Promise<void> {
    const { bytes, browsers } = await browserMemory(this.#options.root);
    this.#allBrowsersBytes = bytes;
    if (browsers > 0) this.#browserBytes = bytes / browsers;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#measuring);
  }
}
