import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bus } from './bus.ts';
import { AnyBeacon, Beacon, PROTOCOL } from './messages.ts';
import { SUBJECTS } from './subjects.ts';

/** A node that was not heard for so long gets no new runtimes. */
const SUSPECT_MS = 1000;
/** A node that was not heard for so long, while others could be, answers nobody any more. */
const GONE_MS = 5000;
const LOOK_MS = 500;
const HEAR_MS = 20;

/** A node, as this process knows it. */
export interface KnownNode {
  beacon: Beacon;
  /** How many runtimes were placed on it from here since the beacon. */
  placed: number;
}

interface Heard extends KnownNode {
  /** By `performance.now()`. */
  heardAt: number;
  gone: AbortController;
}

const NEVER = new AbortController().signal;

/** The nodes that tell of themselves. While there is no bus, time stands still for it. */
export class Directory implements Disposable {
  readonly #bus: Bus;
  readonly #log: Logger;
  /** The nodes of a newer protocol, each of which is logged once. */
  readonly #tooNew = new Set<string>();
  readonly #heard = new Map<string, Heard>();
  readonly #listening: Disposable;
  readonly #timer: NodeJS.Timeout;
  /** Since when the bus carries messages, by `performance.now()`. */
  #connectedAt: number | undefined;

  constructor(bus: Bus, log: Logger) {
    this.#bus = bus;
    this.#log = log;
    this.#listening = bus.subscribe(SUBJECTS.beacons, (message) => this.#hear(message));
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** The nodes that may get runtimes. */
  get placeable(): KnownNode[] {
    const since = performance.now() - SUSPECT_MS;
    return [...this.#heard.values()].filter(
      ({ beacon, heardAt }) => heardAt > since && beacon.state === 'up',
    );
  }

  /** Resolves when a node was heard, or could have been. */
  async heard(): Promise<void> {
    const until = performance.now() + SUSPECT_MS;
    while (this.#heard.size === 0 && performance.now() < until) await delay(HEAR_MS);
  }

  find(nodeId: string): KnownNode | undefined {
    return this.#heard.get(nodeId);
  }

  /** Aborts when a node that was heard is gone. */
  goneOf(nodeId: string): AbortSignal {
    return this.#heard.get(nodeId)?.gone.signal ?? NEVER;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#listening[Symbol.dispose]();
  }

  #hear(message: unknown): void {
    const { data: any } = AnyBeacon.safeParse(message);
    if (any && any.protocol > PROTOCOL) return this.#ignore(any);
    const { data: beacon } = Beacon.safeParse(message);
    if (!beacon) return;
    const known = this.#heard.get(beacon.nodeId);
    // What an earlier life of the process was asked, nobody answers.
    if (known && known.beacon.epoch < beacon.epoch) known.gone.abort();
    const gone = known && !known.gone.signal.aborted ? known.gone : new AbortController();
    const heardAt = performance.now();
    this.#heard.set(beacon.nodeId, { beacon, placed: 0, heardAt, gone });
  }

  #ignore({ nodeId, build, protocol }: AnyBeacon): void {
    if (this.#tooNew.has(nodeId)) return;
    this.#tooNew.add(nodeId);
    const about = { nodeId, build, protocol, ours: PROTOCOL };
    this.#log.warn(about, 'a node of a newer protocol is not used: this process is to be updated');
  }

  #look(): void {
    const now = performance.now();
    this.#connectedAt = this.#bus.isConnected ? (this.#connectedAt ?? now) : undefined;
    if (this.#connectedAt === undefined) return;
    for (const [nodeId, { heardAt, gone }] of this.#heard) {
      if (now - Math.max(heardAt, this.#connectedAt) < GONE_MS) continue;
      gone.abort();
      this.#heard.delete(nodeId);
    }
  }
}
