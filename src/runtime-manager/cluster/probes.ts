import type { NodeRole } from '../runtime/node-store.ts';
import { BusError, type Bus } from './bus.ts';
import type { DataPlaneClient } from './data-plane/data-plane-client.ts';
import type { PingResult } from './data-plane/ping.ts';
import { SUBJECTS } from './subjects.ts';

/** How long whoever is asked may take to answer. */
const TIMEOUT_MS = 600;
/** One whose kernel takes connections is only slow, until it has been so for so long. */
const STALLED_MAX_MS = 9000;
/** What was answered earlier says nothing of now. */
const FRESH_MS = 1500;

/** A process, and where it is asked whether it is there. */
export interface Probed {
  id: string;
  role: NodeRole;
  /** `host:port`; undefined when it has none. */
  address: string | undefined;
}

/** Times are by `performance.now()`. */
interface Probe {
  begunAt: number;
  isUnderWay: boolean;
  /** The last answer; undefined: there was none. */
  result: PingResult | undefined;
  /** When it was asked for, and since when it is the same. */
  askedAt: number;
  since: number;
}

export interface ProbesParts {
  bus: Bus;
  plane: Pick<DataPlaneClient, 'ping'>;
}

/**
 * Asks other processes whether they are there: nodes at their data plane, so that the system answers
 * for one that is slow; API processes, which have none, over the bus.
 */
export class Probes {
  readonly #parts: ProbesParts;
  readonly #probes = new Map<string, Probe>();

  constructor(parts: ProbesParts) {
    this.#parts = parts;
  }

  /** Asks, unless it was asked within the last `everyMs`; then it resolves with false. */
  async ask(probed: Probed, everyMs: number): Promise<boolean> {
    const begunAt = performance.now();
    const known = this.#probes.get(probed.id);
    if (known && (known.isUnderWay || begunAt - known.begunAt < everyMs)) return false;
    const before = known ?? { result: undefined, askedAt: -Infinity, since: begunAt };
    this.#probes.set(probed.id, { ...before, begunAt, isUnderWay: true });
    const result = await this.#ping(probed);
    const since = result === before.result ? before.since : performance.now();
    this.#probes.set(probed.id, { result, since, begunAt, askedAt: begunAt, isUnderWay: false });
    return true;
  }

  /** Whether nothing of a process was there when it was last asked. */
  isAbsent(id: string): boolean {
    const result = this.#fresh(id)?.result;
    return result === 'refused' || result === 'silent';
  }

  /** Whether a process was slow to answer for so long that it counts as absent. */
  isStuck(id: string): boolean {
    const { result, since = 0 } = this.#fresh(id) ?? {};
    return result === 'stalled' && performance.now() - since >= STALLED_MAX_MS;
  }

  #fresh(id: string): Probe | undefined {
    const probe = this.#probes.get(id);
    return probe && performance.now() - probe.askedAt < FRESH_MS ? probe : undefined;
  }

  /** Forgets all but some processes. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#probes.keys()) if (!ids.has(id)) this.#probes.delete(id);
  }

  /** Undefined when it could not be tried, which says nothing. */
  async #ping({ id, role, address }: Probed): Promise<PingResult | undefined> {
    try {
      if (role === 'api') return await this.#pingOverBus(id);
      if (address === undefined) return undefined;
      return await this.#parts.plane.ping({ nodeId: id, address }, TIMEOUT_MS);
    } catch {
      return undefined;
    }
  }

  async #pingOverBus(id: string): Promise<PingResult | undefined> {
    try {
      await this.#parts.bus.request(SUBJECTS.ping(id), {}, { timeoutMs: TIMEOUT_MS });
      return 'alive';
    } catch (error) {
      const failure = error instanceof BusError ? error.failure : undefined;
      if (failure === 'no_responders') return 'refused';
      return failure === 'timeout' ? 'stalled' : undefined;
    }
  }
}
