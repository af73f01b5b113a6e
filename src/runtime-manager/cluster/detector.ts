import type { Logger } from 'pino';
import type { WakeUps } from '../events/wake-ups.ts';
import type { ListedNode, NodeStore } from '../runtime/node-store.ts';
import type { RuntimeLife } from '../runtime/runtime.ts';
import { every } from '../timing/every.ts';
import type { Directory, KnownNode } from './directory.ts';
import { Probes, type Probed, type ProbesParts } from './probes.ts';

const TICK_MS = 100;
/** How often the database is asked while nobody is missed: whom this process never heard may be gone. */
const LOOK_MS = 1000;
const LOOK_AGAIN_MS = 200;
/** A lease that has less left was not renewed in time. */
const LATE_MS = 1000;
/** How often a node is probed that is heard and was there, and any other one. */
const PROBE_MS = 5000;
const PROBE_AGAIN_MS = 250;
/** For how long after a loss late records are looked for often, and how often then and later. */
const AFTERMATH_MS = 15_000;
const LATE_RECORDS_SOON_MS = 500;
const LATE_RECORDS_MS = 30_000;

export interface DetectorParts extends ProbesParts {
  /** This process, which does not look for itself. */
  ownId: string;
  directory: Directory;
  store: Pick<NodeStore, 'list' | 'declareLost' | 'failLate'>;
  wakeUps: Pick<WakeUps, 'wake'>;
  log: Logger;
}

/**
 * Finds out which processes of the cluster are gone, and tells all who wait for something of them. A
 * node is lost only when three witnesses agree: its lease in the database is over, the bus does not
 * carry its beacons, and its data plane cannot be reached. So nobody is lost while the database or
 * the bus is away. An API process, which has neither beacons nor a data plane, is asked over the bus.
 *
 * A process that is only out of reach of this one keeps its runtimes, and gets no new ones from here.
 */
export class Detector implements Disposable {
  readonly #parts: DetectorParts;
  readonly #probes: Probes;
  readonly #timers: Disposable[];
  #lookedAt = -Infinity;
  #lateRecordsAt = -Infinity;
  #lostAt = -Infinity;
  /** Whether somebody was missed at the last look. */
  #isMissing = false;
  #isTold = false;

  constructor(parts: DetectorParts) {
    this.#parts = parts;
    this.#probes = new Probes(parts);
    const failed = (err: unknown) => this.#failed(err);
    this.#timers = [
      every(TICK_MS, async () => this.#probeKnown(), failed),
      // The database may take its time, and nodes have to be probed meanwhile.
      every(TICK_MS, () => this.#lookWhenDue(), failed),
    ];
  }

  /** A node could not be reached: it is probed soon. */
  doubt(nodeId: string): void {
    const known = this.#parts.directory.find(nodeId);
    if (known) void this.#probe(known, PROBE_AGAIN_MS);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
  }

  async #lookWhenDue(): Promise<void> {
    const { bus, directory } = this.#parts;
    // Whoever has no bus cannot tell who is silent.
    if (!bus.isConnected) return;
    const isSilent = directory.known.some(({ beacon }) => directory.isSilent(beacon.nodeId));
    const everyMs = isSilent || this.#isMissing ? LOOK_AGAIN_MS : LOOK_MS;
    if (performance.now() - this.#lookedAt < everyMs) return;
    await this.#look();
    await this.#failLate();
    this.#isTold = false;
  }

  /** Also while there is no bus: a node that nobody asks takes itself for cut off. */
  #probeKnown(): void {
    const { bus, directory, ownId } = this.#parts;
    for (const known of directory.known) {
      const { nodeId } = known.beacon;
      if (nodeId === ownId) continue;
      const isWell = bus.isConnected && !directory.isSilent(nodeId) && directory.isInReach(nodeId);
      void this.#probe(known, isWell ? PROBE_MS : PROBE_AGAIN_MS);
    }
  }

  async #probe({ beacon: { nodeId: id, address } }: KnownNode, everyMs: number): Promise<void> {
    const { directory, log } = this.#parts;
    if (!(await this.#probes.ask({ id, address, role: 'node' }, everyMs))) return;
    const isInReach = !this.#probes.isAbsent(id);
    if (isInReach === directory.isInReach(id)) return;
    directory.setInReach(id, isInReach);
    const what = isInReach ? 'a node is in reach again' : 'a node is out of reach of this process';
    log.warn({ nodeId: id, address }, what);
  }

  async #look(): Promise<void> {
    const { directory, store, ownId } = this.#parts;
    this.#lookedAt = performance.now();
    const listed = await store.list();
    this.#endAbsent(listed);
    const missing = listed.filter(
      ({ id, leaseLeftMs }) => id !== ownId && leaseLeftMs < LATE_MS && directory.isSilent(id),
    );
    this.#isMissing = missing.length > 0;
    this.#probes.keep(new Set(listed.map(({ id }) => id)));
    for (const one of missing) void this.#probes.ask(one, PROBE_AGAIN_MS);
    const lost = missing.filter((one) => one.leaseLeftMs < 0 && this.#seemsGone(one));
    if (lost.length > 0) await this.#declareLost(lost);
  }

  /** Nodes that others declared lost, or that have left. */
  #endAbsent(listed: readonly ListedNode[]): void {
    const { directory } = this.#parts;
    const epochs = new Map(listed.map(({ id, epoch }) => [id, epoch]));
    for (const { beacon } of directory.known) {
      const { nodeId: id, epoch } = beacon;
      if (!directory.isSilent(id) || epochs.get(id) === epoch) continue;
      directory.end({ id, epoch });
      this.#lostAt = performance.now();
    }
  }

  #seemsGone({ id }: Probed): boolean {
    return this.#probes.isAbsent(id) || this.#probes.isStuck(id);
  }

  /** The database has the last word. */
  async #declareLost(gone: readonly ListedNode[]): Promise<void> {
    const { directory, store, log } = this.#parts;
    const { nodeIds, runtimes } = await store.declareLost(gone.map(({ id }) => id));
    const lost = gone.filter(({ id }) => nodeIds.includes(id));
    if (lost.length === 0) return;
    this.#lostAt = performance.now();
    for (const one of lost) directory.end(one);
    this.#tell(runtimes);
    const nodes = lost.map(({ id, epoch, role, address }) => ({ id, epoch, role, address }));
    log.warn({ nodes, runtimes: runtimes.length }, 'processes were lost, with their runtimes');
  }

  /** What a node asked of the database before it was lost may be carried out afterwards. */
  async #failLate(): Promise<void> {
    const { store, log } = this.#parts;
    const now = performance.now();
    const isAftermath = now - this.#lostAt < AFTERMATH_MS;
    const everyMs = isAftermath ? LATE_RECORDS_SOON_MS : LATE_RECORDS_MS;
    if (now - this.#lateRecordsAt < everyMs) return;
    this.#lateRecordsAt = now;
    const runtimes = await store.failLate();
    if (runtimes.length === 0) return;
    this.#tell(runtimes);
    log.warn({ runtimes: runtimes.length }, 'runtimes of a node that was lost before have failed');
  }

  #tell(runtimes: readonly RuntimeLife[]): void {
    for (const runtime of runtimes) this.#parts.wakeUps.wake(runtime);
  }

  /** Told once for each time that the database is away. */
  #failed(err: unknown): void {
    if (!this.#isTold) this.#parts.log.warn({ err }, 'lost processes could not be looked for');
    this.#isTold = true;
  }
}
