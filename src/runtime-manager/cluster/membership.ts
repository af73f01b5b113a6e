import type { Logger } from 'pino';
import type { NewNode, NodeLife, NodeStore, PresentNodeState } from '../runtime/node-store.ts';
import { every } from '../timing/every.ts';

/** For how long a process is there after the database heard of it last. */
const LEASE_MS = 2000;
const RENEW_MS = 500;

export interface MembershipParts {
  node: NewNode;
  store: NodeStore;
  log: Logger;
}

/** The place of this process among those of its cluster: a row that it renews the lease of. */
export class Membership implements AsyncDisposable {
  readonly #parts: MembershipParts;
  readonly #renewing: Disposable;
  #life: NodeLife;
  #state: PresentNodeState = 'up';
  #follow: (state: PresentNodeState) => void = () => undefined;

  private constructor(life: NodeLife, parts: MembershipParts) {
    this.#life = life;
    this.#parts = parts;
    this.#renewing = every(
      RENEW_MS,
      () => this.#renew(),
      (err) => parts.log.warn({ err }, 'the lease of this process could not be renewed'),
    );
  }

  static async join(parts: MembershipParts): Promise<Membership> {
    return new Membership(await parts.store.join(parts.node, LEASE_MS), parts);
  }

  get epoch(): number {
    return this.#life.epoch;
  }

  /** Has `follow` told with every renewal what the row says, since anybody may change its state. */
  onState(follow: (state: PresentNodeState) => void): void {
    this.#follow = follow;
  }

  /** Records that this process drains. */
  drain(): Promise<void> {
    return this.#parts.store.drain(this.#life);
  }

  /** Leaves the cluster. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { store, log } = this.#parts;
    this.#renewing[Symbol.dispose]();
    await store.leave(this.#life).catch((err: unknown) => {
      log.warn({ err }, 'that this process leaves could not be recorded');
    });
  }

  async #renew(): Promise<void> {
    const { store, node, log } = this.#parts;
    const state = await store.renew(this.#life, LEASE_MS);
    if (state) {
      this.#state = state;
      return this.#follow(state);
    }
    log.warn('this process was taken for lost, and joins again');
    this.#life = await store.join(node, LEASE_MS);
    if (this.#state === 'draining') await this.drain();
  }
}
