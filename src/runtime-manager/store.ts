import type { Launch } from './launch.ts';
import type { Driver, RuntimeKind, RuntimeState, StopReason } from './lifecycle.ts';

/** A runtime as it is recorded. Absent is undefined; ids of the browser are there only while it runs. */
export interface Runtime {
  id: string;
  organizationId: string;
  workspaceId: string;
  nodeId: string;
  alias: string;
  kind: RuntimeKind;
  driver: Driver;
  launch: Launch;
  state: RuntimeState;
  currentDriver: Driver | undefined;
  defaultContextId: string | undefined;
  defaultPageId: string | undefined;
  storageWorkspace: string | undefined;
  failure: RuntimeFailure | undefined;
  stopReason: StopReason | undefined;
  createdAt: Date;
  updatedAt: Date;
  startedAt: Date | undefined;
  stoppedAt: Date | undefined;
}

/** Why a runtime is `failed`, in words made for the customer. */
export interface RuntimeFailure {
  code: string;
  message: string;
}

export interface NewRuntime {
  id: string;
  workspaceId: string;
  nodeId: string;
  alias: string;
  kind: RuntimeKind;
  driver: Driver;
  launch: Launch;
  storageWorkspace: string | undefined;
}

/** A move of the state machine with what it writes beside the state. */
export type RuntimeMove =
  | { to: 'running'; defaultContextId: string; defaultPageId: string }
  | { to: 'stopping' }
  | { to: 'stopped'; reason: StopReason }
  | { to: 'failed'; failure: RuntimeFailure };

export interface Workspace {
  id: string;
  storageWorkspace: string | undefined;
}

export interface PageRequest {
  cursor: string | undefined;
  limit: number;
}

export interface Page<T> {
  items: T[];
  nextCursor: string | undefined;
}

/**
 * What the core needs of a database. Every call names the organization; rows of another one do not
 * exist. `workspace` is an id or a name, `ref` an id or an alias (then the newest runtime of it).
 */
export interface RuntimeStore {
  findWorkspace(organizationId: string, workspace: string): Promise<Workspace | undefined>;
  /** Throws `runtime.alias_in_use`, or `workspace.not_found` when the workspace has gone meanwhile. */
  insert(organizationId: string, runtime: NewRuntime): Promise<Runtime>;
  find(organizationId: string, workspaceId: string, ref: string): Promise<Runtime | undefined>;
  list(
    organizationId: string,
    workspaceId: string,
    filter: { states: readonly RuntimeState[] },
    page: PageRequest,
  ): Promise<Page<Runtime>>;
  /** One conditional update; undefined when the runtime is not in a state the move may start from. */
  move(organizationId: string, id: string, move: RuntimeMove): Promise<Runtime | undefined>;
  /** Records by which driver a running runtime was last attached to. */
  setDriver(organizationId: string, id: string, driver: Driver): Promise<void>;
  /** Removes the record of a runtime that is over; false when there is none. */
  remove(organizationId: string, id: string): Promise<boolean>;
  /** Fails every active runtime of a node and returns how many there were. */
  failActive(nodeId: string, failure: RuntimeFailure): Promise<number>;
}
