import { RuntimeError } from '../../src/runtime-manager/errors.ts';
import {
  addressOf,
  NO_USAGE,
  statesBefore,
  statusOf,
  type NewEvent,
  type NewRuntime,
  type Proxy,
  type Runtime,
  type RuntimeEvent,
  type RuntimeLife,
  type RuntimeMove,
  type RuntimeStore,
} from '../../src/runtime-manager/runtime/index.ts';

const NO_BROWSER = {
  currentDriver: undefined,
  defaultContextId: undefined,
  defaultPageId: undefined,
  browserDirectory: undefined,
  proxy: undefined,
  extensions: [],
  warnings: [],
  connectionEpochs: {},
};

/** Called around a write with its name and the new state, as in `move stopped`. */
type Around = (write: string) => Promise<void> | void;

/**
 * Records of runtimes in memory, with the legal moves that a database allows, for tests that hold,
 * fail or lose a single write while a clock stands still.
 */
export class MemoryStore implements RuntimeStore {
  /** Each write that was carried out. */
  readonly writes: string[] = [];
  readonly events: RuntimeEvent[] = [];
  /** When this rejects, the write is not carried out. */
  before: Around = () => undefined;
  /** When this rejects, the write was carried out, and its answer is lost. */
  after: Around = () => undefined;
  readonly #rows = new Map<string, Runtime>();

  get rows(): Runtime[] {
    return [...this.#rows.values()];
  }

  insert(organizationId: string, given: NewRuntime): Promise<Runtime | undefined> {
    const { running, workspace, waits, ...runtime } = given;
    return this.#write(`insert ${running ? 'running' : given.state}`, () => {
      if (this.#rows.has(given.id)) return undefined;
      if (this.rows.some((row) => row.alias === given.alias && isActive(row))) {
        throw new RuntimeError('runtime.alias_in_use', 'The alias is in use.');
      }
      const row: Runtime = {
        ...runtime,
        ...NO_BROWSER,
        organizationId,
        workspaceId: workspace,
        generation: 1,
        usage: NO_USAGE,
        storageWorkspace: undefined,
        failure: undefined,
        stopReason: undefined,
        createdAt: new Date(),
        updatedAt: new Date(),
        startedAt: undefined,
        stoppedAt: undefined,
        lastActivityAt: undefined,
        expiresAt: undefined,
        queuedAt: waits ? new Date() : undefined,
      };
      return this.#put(running ? moved(row, running) : row);
    });
  }

  revive(life: RuntimeLife, { waits, recording, ...next }: Parameters<RuntimeStore['revive']>[1]) {
    return this.#write(`revive ${next.state}`, () => {
      const row = this.#find(life);
      if (!row || isActive(row)) return undefined;
      const { generation } = row;
      const over = { failure: undefined, stopReason: undefined, stoppedAt: undefined };
      const queuedAt = waits ? new Date() : undefined;
      const told = recording === undefined ? {} : { recording: recording ?? undefined };
      return this.#put({ ...row, ...over, ...next, ...told, queuedAt, generation: generation + 1 });
    });
  }

  pull({ id: nodeId }: { id: string }): Promise<Runtime | undefined> {
    return this.#write('pull', () => {
      const next = this.rows.find(({ queuedAt }) => queuedAt);
      return next && this.#put({ ...next, nodeId, state: 'launching', queuedAt: undefined });
    });
  }

  async withdraw(life: RuntimeLife, end: RuntimeMove): Promise<Runtime | undefined> {
    return this.#find(life)?.queuedAt && this.move(life, end);
  }

  async countWaiting(most: number) {
    const waiting = this.rows.filter(({ queuedAt }) => queuedAt);
    return { waiting: Math.min(most, waiting.length), oldestMs: 0 };
  }

  move(life: RuntimeLife, move: RuntimeMove): Promise<Runtime | undefined> {
    return this.#write(`move ${move.to}`, () => {
      const row = this.#find(life);
      if (!row || !statesBefore(move.to).includes(row.state)) return undefined;
      return this.#put(moved(row, move));
    });
  }

  setProxy(life: RuntimeLife, proxy: Proxy | undefined): Promise<Runtime | undefined> {
    return this.#write('setProxy', () => {
      const row = this.#find(life);
      return row && this.#put({ ...row, proxy: proxy && addressOf(proxy) });
    });
  }

  setDriver(): Promise<void> {
    return this.#note('setDriver');
  }

  setConnectionEpochs(): Promise<void> {
    return this.#note('setConnectionEpochs');
  }

  setDefaultPage(): Promise<void> {
    return this.#note('setDefaultPage');
  }

  async appendEvents({ id: runtimeId }: RuntimeLife, events: readonly NewEvent[]): Promise<void> {
    await this.#write(`events ${events.map(({ type }) => type).join()}`, () => {
      const at = { runtimeId, createdAt: new Date() };
      const from = this.events.length + 1;
      return this.events.push(
        ...events.map((event, nth) => ({ ...event, ...at, id: String(from + nth) })),
      );
    });
  }

  async recordActivity(): Promise<void> {
    // Nothing here looks at it.
  }

  async listOrganizationEvents() {
    return { events: this.events, reached: this.events.at(-1)?.id };
  }

  async lastGivenEventId(): Promise<string> {
    return String(this.events.length);
  }

  async listEventWriters(): Promise<string[]> {
    return [];
  }

  async find(_: string, __: string, ref: string): Promise<Runtime | undefined> {
    return this.#rows.get(ref) ?? this.rows.findLast(({ alias }) => alias === ref);
  }

  async findWorkspace(_: string, workspace: string): Promise<{ id: string }> {
    return { id: workspace };
  }

  async list() {
    return { items: this.rows, nextCursor: undefined };
  }

  async listActive(): Promise<Runtime[]> {
    return this.rows.filter(isActive);
  }

  async listEvents(): Promise<RuntimeEvent[]> {
    return this.events;
  }

  async lastEventId(): Promise<string> {
    return String(this.events.length);
  }

  async remove(_: string, id: string): Promise<boolean> {
    return this.#rows.delete(id);
  }

  async correctPlaces(): Promise<number> {
    return 0;
  }

  async #note(name: string): Promise<void> {
    await this.#write(name, () => true);
  }

  /** `write` returns undefined when there was nothing to write. */
  async #write<T>(name: string, write: () => T): Promise<T> {
    await this.before(name);
    const written = write();
    if (written !== undefined) this.writes.push(name);
    await this.after(name);
    return written;
  }

  #find({ id, generation }: RuntimeLife): Runtime | undefined {
    const row = this.#rows.get(id);
    return row?.generation === generation ? row : undefined;
  }

  #put(row: Runtime): Runtime {
    this.#rows.set(row.id, row);
    return row;
  }
}

function isActive({ state }: Runtime): boolean {
  return statusOf(state) === 'active';
}

/** The record with everything that a move writes besides the state. */
function moved(row: Runtime, move: RuntimeMove): Runtime {
  if (move.to === 'launching' || move.to === 'stopping') return { ...row, state: move.to };
  if (move.to === 'running') {
    const { to: state, ...written } = move;
    return { ...row, ...written, state, startedAt: new Date() };
  }
  const how = move.to === 'stopped' ? { stopReason: move.reason } : { failure: move.failure };
  return {
    ...row,
    ...NO_BROWSER,
    ...how,
    state: move.to,
    stoppedAt: new Date(),
    queuedAt: undefined,
  };
}
