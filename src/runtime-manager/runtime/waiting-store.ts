import type { Runtime, RuntimeLife, RuntimeMove } from './runtime.ts';

/**
 * What a cluster needs of a database for runtimes that wait for any node with room, oldest first.
 * Whatever happens to one at once, one conditional update decides.
 */
export interface WaitingStore {
  /**
   * Gives a node the oldest runtime that waits and that the node can run; it is `launching` then.
   * Resolves with undefined when there is none but those that others are taking just now.
   */
  pull(node: { id: string; hasWebDriver: boolean }): Promise<Runtime | undefined>;
  /** Ends a life that still waits. Resolves with undefined when it does not. */
  withdraw(
    life: RuntimeLife,
    end: Extract<RuntimeMove, { to: 'stopped' | 'failed' }>,
  ): Promise<Runtime | undefined>;
  /** How many wait, `most` at most, and for how long the oldest has; 0 when none does. */
  countWaiting(most: number): Promise<{ waiting: number; oldestMs: number }>;
}
