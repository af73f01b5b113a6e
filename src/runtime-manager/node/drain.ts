import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { OwnNode } from './runtime-node.ts';

const DRAINED = { to: 'stopped', reason: 'drained' } as const;
/** How often an emptying node is looked at. */
const LOOK_MS = 100;

export interface DrainParts {
  node: Pick<OwnNode, 'isDraining' | 'drain' | 'undrain' | 'endAll' | 'load'>;
  /** How long runtimes may go on; 0: until they end by themselves. */
  limitMs: number;
  log: Logger;
}

/**
 * Empties a node: it takes no more runtimes, and those that it has end by themselves, or when the
 * limit is over (`drained`).
 */
export class Drain implements Disposable {
  readonly #parts: DrainParts;
  #limit: NodeJS.Timeout | undefined;
  #isOver = Promise.withResolvers<void>();
  #isFinal = false;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  /** Whether the process ends with the drain. */
  get isFinal(): boolean {
    return this.#isFinal;
  }

  /** False when the node drains already. */
  begin(): boolean {
    const { node, limitMs, log } = this.#parts;
    if (node.isDraining) return false;
    log.info({ active: node.load.active, limitMs }, 'this node drains: it takes no more runtimes');
    node.drain();
    this.#isOver = Promise.withResolvers();
    if (limitMs > 0) this.#limit = setTimeout(() => this.#stop(), limitMs).unref();
    return true;
  }

  /** Takes runtimes again. False when the node does, or the process ends with the drain. */
  undo(): boolean {
    const { node, log } = this.#parts;
    if (!node.isDraining || this.#isFinal) return false;
    log.info('this node takes runtimes again');
    clearTimeout(this.#limit);
    node.undrain();
    return true;
  }

  /** Drains for good. Resolves when no runtime is left, or the limit is over and the rest is being stopped. */
  async finish(): Promise<void> {
    this.#isFinal = true;
    this.begin();
    await Promise.race([this.#isOver.promise, this.#empty()]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#limit);
    this.#isOver.resolve();
  }

  #stop(): void {
    const { node, log } = this.#parts;
    log.warn({ active: node.load.active }, 'the drain takes too long: what is left is stopped');
    void node.endAll(DRAINED);
    this.#isOver.resolve();
  }

  async #empty(): Promise<void> {
    const { node } = this.#parts;
    while (node.load.active + node.load.waiting > 0) await delay(LOOK_MS);
  }
}
