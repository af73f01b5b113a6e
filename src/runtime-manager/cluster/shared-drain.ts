import type { Logger } from 'pino';
import type { Drain } from '../node/drain.ts';
import type { PresentNodeState } from '../runtime/node-store.ts';
import type { Membership } from './membership.ts';

export interface SharedDrainParts {
  drain: Drain;
  member: Membership;
  /** Tells how the node is, at once. */
  tell: () => void;
  log: Logger;
}

/** The drain of a node that others use: it follows the node's row, where anybody may ask for it. */
export class SharedDrain {
  readonly #parts: SharedDrainParts;

  constructor(parts: SharedDrainParts) {
    this.#parts = parts;
    parts.member.onState((state) => this.#follow(state));
  }

  /** As that of `Drain`; the others know at once. */
  async finish(): Promise<void> {
    const finished = this.#parts.drain.finish();
    this.#parts.tell();
    await this.#record();
    await finished;
  }

  #follow(state: PresentNodeState): void {
    const { drain, tell } = this.#parts;
    // Whoever wants the node back comes too late.
    if (state === 'up' && drain.isFinal) return void this.#record();
    const hasChanged = state === 'draining' ? drain.begin() : drain.undo();
    if (hasChanged) tell();
  }

  /** What could not be recorded is, with the next renewal. */
  async #record(): Promise<void> {
    const { member, log } = this.#parts;
    await member.drain().catch((err: unknown) => {
      log.warn({ err }, 'that this node drains could not be recorded yet');
    });
  }
}
