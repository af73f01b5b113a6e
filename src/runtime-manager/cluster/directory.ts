import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { NodeLife } from '../runtime/node-store.ts';
import type { Bus } from './bus.ts';
import { AnyBeacon, Beacon, PROTOCOL } from './messages.ts';
import { SUBJECTS } from './subjects.ts';

/** A node that was not heard for so long is looked after, and gets no new runtimes. */
export const SILENT_MS = 1000;
/** What a node was asked that is not heard for so long, nobody waits for any more. */
const GIVEN_UP_MS = 15_000;
const LOOK_MS = 100;
const HEAR_MS = 20;

/** A node, as this process knows it. */
export interface KnownNode {
  beacon: Beacon;
  /** How many runtimes were placed on it from here since the beacon. */
  placed: number;
  /** By `performance.now()`. */
  heardAt: number;
}

interface Heard extends KnownNode {
  /** Aborts when this life of the node is over. */
  over: AbortController;
  /** Aborts then too, and when the node does not answer any more. */
  gone: AbortController;
}

const NEVER = new AbortController().signal;

/** The nodes that tell of themselves. While there is no bus, time stands still for it. */
export class Directory implements Disposable {
  readonly #bus: Bus | undefined;
  readonly #log: Logger;
  /** The nodes of a newer protocol, each of which is logged once. */
  readonly #tooNew = new Set<string>();
  readonly #heard = new Map<string, Heard>();
  /** The last life of each node that is known to be over. */
  readonly #over = new Map<string, number>();
  /** The nodes whose data plane cannot be reached from here. */
  readonly #outOfReach = new Set<string>();
  readonly #listening: Disposable | undefined;
  readonly #timer: NodeJS.Timeout;
  /** Since when the bus carries messages, by `performance.now()`. */
  #connectedAt: number | undefined;

  /** Without a bus nobody is heard, as in a process that places nothing. */
  constructor(bus: Bus | undefined, log: Logger) {
    this.#bus = bus;
    this.#log = log;
    this.#listening = bus?.subscribe(SUBJECTS.beacons, (message) => this.#hear(message));
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** The nodes that may get runtimes. */
  get placeable(): KnownNode[] {
    const since = performance.now() - SILENT_MS;
    return [...this.#heard.values()].filter(
      ({ beacon, heardAt }) =>
        heardAt > since && beacon.state === 'up' && this.isInReach(beacon.nodeId),
    );
  }

  /** All that told of themselves and are not known to be gone. */
  get known(): KnownNode[] {
    return [...this.#heard.values()];
  }

  /** Resolves when a node was heard, or could have been. */
  async heard(): Promise<void> {
    const until = performance.now() + SILENT_MS;
    while (this.#heard.size === 0 && performance.now() < until) await delay(HEAR_MS);
  }

  find(nodeId: string): KnownNode | undefined {
    return this.#heard.get(nodeId);
  }

  /** Whether a node was not heard for a second, although it could have been. */
  isSilent(nodeId: string): boolean {
    return this.#silentMs(nodeId) >= SILENT_MS;
  }

  isInReach(nodeId: string): boolean {
    return !this.#outOfReach.has(nodeId);
  }

  setInReach(nodeId: string, isInReach: boolean): void {
    if (isInReach) this.#outOfReach.delete(nodeId);
    else this.#outOfReach.add(nodeId);
  }

  /** Whether a node is gone, and was not heard again although it could have been. */
  isGone(nodeId: string): boolean {
    return this.#bus?.isConnected === true && this.#over.has(nodeId) && !this.#heard.has(nodeId);
  }

  /** Whether a life of a node is over, so that it does nothing more. */
  isOver({ id, epoch }: NodeLife): boolean {
    return (this.#over.get(id) ?? 0) >= epoch;
  }

  /** Aborts when a node that was heard will not answer. */
  goneOf(nodeId: string): AbortSignal {
    return this.#heard.get(nodeId)?.gone.signal ?? NEVER;
  }

  /** Aborts when the present life of a node is over. */
  overOf(nodeId: string): AbortSignal {
    return this.#heard.get(nodeId)?.over.signal ?? NEVER;
  }

  /** A life of a node is over: what is heard of it from now on says nothing. */
  end({ id, epoch }: NodeLife): void {
    if (this.isOver({ id, epoch })) return;
    this.#over.set(id, epoch);
    const known = this.#heard.get(id);
    if (!known || known.beacon.epoch > epoch) return;
    this.#heard.delete(id);
    this.#outOfReach.delete(id);
    known.over.abort();
    known.gone.abort();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#listening?.[Symbol.dispose]();
  }

  #hear(message: unknown): void {
    const { data: any } = AnyBeacon.safeParse(message);
    if (any && any.protocol > PROTOCOL) return this.#ignore(any);
    const { data: beacon } = Beacon.safeParse(message);
    if (!beacon) return;
    const { nodeId: id, epoch } = beacon;
    if (this.isOver({ id, epoch })) return;
    // What an earlier life of the process was asked, nobody answers.
    this.end({ id, epoch: epoch - 1 });
    const known = this.#heard.get(id);
    const over = known?.over ?? new AbortController();
    const gone = known && !known.gone.signal.aborted ? known.gone : new AbortController();
    this.#heard.set(id, { beacon, placed: 0, heardAt: performance.now(), over, gone });
  }

  #ignore({ nodeId, build, protocol }: AnyBeacon): void {
    if (this.#tooNew.has(nodeId)) return;
    this.#tooNew.add(nodeId);
    const about = { nodeId, build, protocol, ours: PROTOCOL };
    this.#log.warn(about, 'a node of a newer protocol is not used: this process is to be updated');
  }

  #look(): void {
    this.#connectedAt = this.#bus?.isConnected
      ? (this.#connectedAt ?? performance.now())
      : undefined;
    for (const [nodeId, { gone }] of this.#heard) {
      if (this.#silentMs(nodeId) >= GIVEN_UP_MS) gone.abort();
    }
  }

  #silentMs(nodeId: string): number {
    if (this.#connectedAt === undefined || !this.#bus?.isConnected) return 0;
    const heardAt = this.#heard.get(nodeId)?.heardAt ?? -Infinity;
    return performance.now() - Math.max(heardAt, this.#connectedAt);
  }
}
