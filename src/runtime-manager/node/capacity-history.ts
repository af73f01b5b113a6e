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

/** How the nodes fared in the last hour, in steps, as this process knows it. */
export class CapacityHistory implements Disposable {
  static readonly stepMs = STEP_MS;
  readonly #read: () => NamedCapacity[];
  /** Oldest first. */
  readonly #samples: CapacitySample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(read: () => NamedCapacity[]) {
    this.#read = read;
    this.#timer = setInterval(() => this.#sample(), STEP_MS).unref();
  }

  now(): CapacitySample {
    const nodes = this.#read();
    return { at: new Date(), total: totalOf(nodes), nodes };
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
    clearInterval(this.#timer);
  }

  #sample(): void {
    this.#samples.push(this.now());
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
