import type { RecordingOptions } from '../recording/recording.ts';
import type { ConnectionEpochs } from './access.ts';
import type { EventStore } from './event-store.ts';
import type { Driver, FirstState, RuntimeState } from './lifecycle.ts';
import type { Proxy } from './launch.ts';
import type {
  Activity,
  NewRuntime,
  Page,
  PageRequest,
  Runtime,
  RuntimeLife,
  RuntimeMove,
} from './runtime.ts';
import type { WaitingStore } from './waiting-store.ts';

export interface RuntimeFilter {
  /** Undefined: all. */
  workspaceIds: readonly string[] | undefined;
  states: readonly RuntimeState[];
}

/**
 * What the core needs of a database. Every call on behalf of a customer names the organization;
 * rows of other organizations do not exist for it. `workspace` is an id or a name, `ref` an id or
 * an alias (then its active runtime, or else its newest). Moves record their event in the same
 * statement.
 */
export interface RuntimeStore extends EventStore, WaitingStore {
  findWorkspace(organizationId: string, workspace: string): Promise<{ id: string } | undefined>;
  /**
   * Resolves with undefined when a runtime has the id already. Throws `workspace.not_found`,
   * `runtime.alias_in_use`, `runtime.quota_exceeded`, `profile.in_use` or `profile.not_found`.
   */
  insert(organizationId: string, runtime: NewRuntime): Promise<Runtime | undefined>;
  /**
   * Begins the life after one that is over, on a node; undefined when that one is not over, or not
   * the last.
   * Throws `runtime.alias_in_use`, `runtime.quota_exceeded` or `profile.in_use`.
   */
  revive(
    over: RuntimeLife,
    next: {
      nodeId: string;
      state: FirstState;
      waits?: boolean | undefined;
      /** What is recorded from this life on; null: nothing, undefined: what was before. */
      recording?: RecordingOptions | null | undefined;
    },
  ): Promise<Runtime | undefined>;
  find(organizationId: string, workspace: string, ref: string): Promise<Runtime | undefined>;
  /** Newest first, of some workspaces or of all. */
  list(organizationId: string, filter: RuntimeFilter, page: PageRequest): Promise<Page<Runtime>>;
  /** One conditional update; undefined when the runtime is not in a state the move may start from. */
  move(life: RuntimeLife, move: RuntimeMove): Promise<Runtime | undefined>;
  /** Records which driver attached last to a running runtime. */
  setDriver(life: RuntimeLife, driver: Driver): Promise<void>;
  /** Records how often the own connections of a running runtime were revoked. */
  setConnectionEpochs(life: RuntimeLife, epochs: ConnectionEpochs): Promise<void>;
  /** Records the first page of a running runtime's default context; undefined: the context has none. */
  setDefaultPage(life: RuntimeLife, pageId: string | undefined): Promise<void>;
  recordActivity(
    active: readonly (Activity & Pick<RuntimeLife, 'id' | 'generation'>)[],
  ): Promise<void>;
  /**
   * Records the proxy of a running runtime's traffic from now on, also for its next starts when the
   * runtime is ephemeral. Resolves with undefined when it does not run.
   */
  setProxy(life: RuntimeLife, proxy: Proxy | undefined): Promise<Runtime | undefined>;
  /** Removes the record of a runtime that is over; false when there is no such record. */
  remove(organizationId: string, id: string): Promise<boolean>;
  /** The runtimes of a node that are active. */
  listActive(nodeId: string): Promise<Runtime[]>;

  /**
   * Counts the active runtimes of each organization anew, and corrects numbers that do not agree.
   * Resolves with how many organizations were corrected.
   */
  correctPlaces(): Promise<number>;
}
