import { every } from '../timing/every.ts';
import { totalOf, type NodeCapacity } from './capacity.ts';

const STEP_MS = 10_000;
/** An hour. */
const KEPT = 360;
/** How long a new node takes until it takes runtimes: a machine boots, and the service starts. */
const NODE_START_MS = 120_000;

export interface NamedCapacity extends NodeCapacity {
  nodeId: string;
}

/** All nodes at a moment. */
export interface CapacitySample {
  at: Date;
  total: NodeCapacity;
  nodes: NamedCapacity[];
}

/** Runtimes that wait for any node with room. */
export interface WaitingState {
  waiting: number;
  /** 0 when none waits. */
  oldestWaitMs: number;
}

export interface CapacitySource {
  nodes: () => NamedCapacity[];
  /** Undefined while it is not known. */
  waiting: () => Promise<WaitingState | undefined>;
}

/** How the nodes fared in the last hour, in steps, as this process knows it. */
export class CapacityHistory implements Disposable {
  static readonly stepMs = STEP_MS;
  readonly #source: CapacitySource;
  /** Oldest first. */
  readonly #samples: CapacitySample[] = [];
  readonly #sampling: Disposable;

  /** The source must not throw. */
  constructor(source: CapacitySource) {
    this.#source = source;
    this.#sampling = every(
      STEP_MS,
      () => this.#sample(),
      () => undefined,
    );
  }

  /** In the total, what waits for any node counts too. */
  async now(): Promise<CapacitySample> {
    const { waiting = 0, oldestWaitMs = 0 } = (await this.#source.waiting()) ?? {};
    const nodes = this.#source.nodes();
    const sum = totalOf(nodes);
    const total = {
      ...sum,
      waiting: sum.waiting + waiting,
      oldestWaitMs: Math.max(sum.oldestWaitMs, oldestWaitMs),
    };
    return { at: new Date(), total, nodes };
  }

  /** Oldest first; undefined: all that are kept. */
  since(since: Date | undefined): CapacitySample[] {
    return this.#samples.filter(({ at }) => since === undefined || at > since);
  }

  /**
   * How many free places the cluster should have: the most by which its runtimes, with those that
   * wait, became more while a new node would have started, and the square root of that in reserve,
   * as of warm browsers (`demand.ts`).
   */
  get headroomWanted(): number {
    const wanted = this.#samples.map(({ total }) => total.active + total.waiting);
    const most = peakGrowth(wanted, NODE_START_MS / STEP_MS);
    return most + Math.ceil(Math.sqrt(most));
  }

  [Symbol.dispose](): void {
    this.#sampling[Symbol.dispose]();
  }

  async #sample(): Promise<void> {
    this.#samples.push(await this.now());
    if (this.#samples.length > KEPT) this.#samples.shift();
  }
}

/** The most by which a value exceeds one of the `span` values before it. */
function peakGrowth(values: readonly number[], span: number): number {
  const growths = values.map(
    (value, at) => value - Math.min(...values.slice(Math.max(0, at - span), at + 1)),
  );
  return Math.max(0, ...growths);
}
