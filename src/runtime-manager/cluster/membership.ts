import type { Logger } from 'pino';
import type { NewNode, NodeLife, NodeStore, PresentNodeState } from '../runtime/node-store.ts';
import { every } from '../timing/every.ts';
import { retry } from '../timing/retry.ts';
import type { Isolation } from './isolation.ts';

/** For how long a process is there after the database heard of it last. */
const LEASE_MS = 2000;
const RENEW_MS = 500;
const TICK_MS = 100;
const REJOIN_DELAYS = { minMs: 100, maxMs: 500 };

/** What a process holds by its place in the cluster, and others take over when it loses the place. */
export interface Held {
  /** Ends all of it at once. Nothing more is taken until `resume`. */
  fence(): Promise<void>;
  /** Puts in order what a life left; throws when that has to be tried again. */
  recover(): Promise<void>;
  resume(): void;
}

export interface MembershipParts {
  node: NewNode;
  store: Pick<NodeStore, 'join' | 'renew' | 'drain' | 'leave'>;
  /** Undefined: it holds nothing. */
  held?: Held;
  /** Undefined: it need not know when it is cut off. */
  isolation?: Isolation;
  log: Logger;
}

/**
 * The place of this process among those of its cluster: a row that it renews the lease of. When the
 * process was declared lost, or is cut off from all others, it ends what it holds and joins again.
 */
export class Membership implements AsyncDisposable {
  readonly #parts: MembershipParts;
  readonly #timers: Disposable[];
  readonly #left = new AbortController();
  #life: NodeLife;
  #state: PresentNodeState = 'up';
  #follow: (state: PresentNodeState) => void = () => undefined;
  #rejoining: Promise<void> | undefined;
  #isRenewed = true;

  private constructor(life: NodeLife, parts: MembershipParts) {
    this.#life = life;
    this.#parts = parts;
    this.#timers = [
      every(
        RENEW_MS,
        () => this.#renew(),
        (err) => this.#notRenewed(err),
      ),
      every(
        TICK_MS,
        async () => this.#tick(),
        (err) => parts.log.error({ err }, 'it could not be told whether this process is cut off'),
      ),
    ];
  }

  static async join(parts: MembershipParts): Promise<Membership> {
    return new Membership(await parts.store.join(parts.node, LEASE_MS), parts);
  }

  /** The present life; undefined between two lives. */
  get epoch(): number | undefined {
    return this.#rejoining ? undefined : this.#life.epoch;
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
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#left.abort();
    await this.#rejoining;
    await store.leave(this.#life).catch((err: unknown) => {
      log.warn({ err }, 'that this process leaves could not be recorded');
    });
  }

  async #renew(): Promise<void> {
    const { store, isolation } = this.#parts;
    if (this.#rejoining) return;
    const life = this.#life;
    const asked = isolation?.now;
    const state = await store.renew(life, LEASE_MS);
    isolation?.hear('database', asked);
    this.#isRenewed = true;
    if (state) {
      this.#state = state;
      this.#follow(state);
    } else if (life === this.#life) this.#beginAnew('this process was taken for lost');
  }

  #notRenewed(err: unknown): void {
    if (!this.#isRenewed) return;
    this.#isRenewed = false;
    this.#parts.log.warn({ err }, 'the lease of this process cannot be renewed');
  }

  #tick(): void {
    const { isolation } = this.#parts;
    isolation?.tick();
    if (isolation?.isCutOff) this.#beginAnew('this process is cut off from all others');
  }

  #beginAnew(why: string): void {
    if (this.#rejoining || this.#left.signal.aborted) return;
    const { log } = this.#parts;
    log.warn(`${why}: it ends what it holds, and joins again`);
    this.#rejoining = this.#rejoin()
      .catch((err: unknown) => {
        if (!this.#left.signal.aborted) log.error({ err }, 'this process did not join again');
      })
      .finally(() => {
        this.#rejoining = undefined;
      });
  }

  async #rejoin(): Promise<void> {
    const { node, store, held, isolation, log } = this.#parts;
    const { signal } = this.#left;
    await held?.fence();
    let isTold = false;
    const begin = async () => {
      await held?.recover();
      return store.join(node, LEASE_MS);
    };
    this.#life = await retry(begin, {
      ...REJOIN_DELAYS,
      signal,
      onFailure: (err) => {
        if (!isTold) log.warn({ err }, 'this process cannot join again yet');
        isTold = true;
      },
    });
    signal.throwIfAborted();
    // It goes on as it was.
    if (this.#state === 'draining') await this.drain();
    isolation?.hear('database');
    held?.resume();
    log.info({ epoch: this.#life.epoch }, 'this process is back');
  }
}
