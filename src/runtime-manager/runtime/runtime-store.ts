import type { EventFilter, NewEvent, RuntimeEvent } from './events.ts';
import type { EgressRules } from '../egress/destination-rules.ts';
import type { LoadedExtension } from '../extensions/extension.ts';
import type { Usage } from '../egress/outbound-connections.ts';
import type { Launch, Proxy, ProxyAddress } from './launch.ts';
import type { Driver, FirstState, RuntimeKind, RuntimeState, StopReason } from './lifecycle.ts';

/** When a runtime ends by itself. */
export interface TimeLimits {
  /** Without traffic of a client. */
  idleTimeoutSeconds: number;
  /** Counted from when it runs. */
  maxDurationSeconds: number;
}

/** A runtime as it is recorded. Absent is undefined; ids of the browser are there only while it runs. */
export interface Runtime extends TimeLimits {
  id: string;
  organizationId: string;
  workspaceId: string;
  nodeId: string;
  alias: string;
  kind: RuntimeKind;
  driver: Driver;
  launch: Launch;
  profileId: string | undefined;
  /** Whether it will save the profile's state. */
  writesProfile: boolean;
  /** How it may reach less than other runtimes. */
  egress: EgressRules | undefined;
  state: RuntimeState;
  /** How often it was brought up: 1 at first, one more with every start. */
  generation: number;
  currentDriver: Driver | undefined;
  defaultContextId: string | undefined;
  defaultPageId: string | undefined;
  /** The name of the browser's directory on its node. */
  browserDirectory: string | undefined;
  storageWorkspace: string | undefined;
  /** What its traffic goes through now; undefined: it goes directly, or there is none. */
  proxy: ProxyAddress | undefined;
  /** What is loaded in its browser now. */
  extensions: LoadedExtension[];
  /** Since it was last brought up, to a second. */
  usage: Usage;
  failure: RuntimeFailure | undefined;
  stopReason: StopReason | undefined;
  createdAt: Date;
  updatedAt: Date;
  startedAt: Date | undefined;
  stoppedAt: Date | undefined;
  lastActivityAt: Date | undefined;
  expiresAt: Date | undefined;
}

/** One life of a runtime: what a write by its owner names, so that it never touches a later one. */
export type RuntimeLife = Pick<Runtime, 'organizationId' | 'id' | 'generation'>;

/** Why a runtime is `failed`, in words made for the customer. */
export interface RuntimeFailure {
  code: string;
  message: string;
}

export interface NewRuntime extends TimeLimits {
  id: string;
  /** An id or a name. */
  workspace: string;
  nodeId: string;
  alias: string;
  kind: RuntimeKind;
  driver: Driver;
  launch: Launch;
  profileId: string | undefined;
  writesProfile: boolean;
  egress: EgressRules | undefined;
  state: FirstState;
  /** There when it is recorded only once it runs. */
  running?: RunningMove | undefined;
}

/** A move of the state machine with what it writes beside the state. */
export type RuntimeMove =
  | { to: 'launching' }
  | {
      to: 'running';
      defaultContextId: string;
      /** Undefined when it was closed already. */
      defaultPageId: string | undefined;
      browserDirectory: string;
      proxy: ProxyAddress | undefined;
      extensions: LoadedExtension[];
    }
  | { to: 'stopping' }
  | { to: 'stopped'; reason: StopReason; usage?: Usage | undefined }
  | { to: 'failed'; failure: RuntimeFailure; usage?: Usage | undefined };

export type RunningMove = Extract<RuntimeMove, { to: 'running' }>;

/** What clients and pages of a running runtime did. */
export interface Activity {
  lastActivityAt: Date;
  usage: Usage;
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
 * What the core needs of a database. Every call on behalf of a customer names the organization;
 * rows of another one do not exist. `workspace` is an id or a name, `ref` an id or an alias (then
 * the active runtime of it, or the newest). Moves record their event in the same statement.
 */
export interface RuntimeStore {
  findWorkspace(organizationId: string, workspace: string): Promise<{ id: string } | undefined>;
  /**
   * Throws `workspace.not_found`, `runtime.alias_in_use`, `runtime.quota_exceeded`, `profile.in_use`
   * or `profile.not_found`.
   */
  insert(organizationId: string, runtime: NewRuntime): Promise<Runtime>;
  /**
   * Begins the next life of a runtime that is over, on a node; undefined when it is not over.
   * Throws `runtime.alias_in_use`, `runtime.quota_exceeded` or `profile.in_use`.
   */
  revive(
    organizationId: string,
    id: string,
    life: { nodeId: string; state: FirstState },
  ): Promise<Runtime | undefined>;
  find(organizationId: string, workspace: string, ref: string): Promise<Runtime | undefined>;
  list(
    organizationId: string,
    workspaceId: string,
    filter: { states: readonly RuntimeState[] },
    page: PageRequest,
  ): Promise<Page<Runtime>>;
  /** One conditional update; undefined when the runtime is not in a state the move may start from. */
  move(life: RuntimeLife, move: RuntimeMove): Promise<Runtime | undefined>;
  /** Records by which driver a running runtime was last attached to. */
  setDriver(life: RuntimeLife, driver: Driver): Promise<void>;
  /** Records which page of a running runtime's default context is its first; undefined: it has none. */
  setDefaultPage(life: RuntimeLife, pageId: string | undefined): Promise<void>;
  recordActivity(
    active: readonly (Activity & Pick<RuntimeLife, 'id' | 'generation'>)[],
  ): Promise<void>;
  /**
   * Records what a running runtime's traffic goes through from now on, also for its next starts when
   * it is ephemeral; undefined when it does not run.
   */
  setProxy(life: RuntimeLife, proxy: Proxy | undefined): Promise<Runtime | undefined>;
  /** Removes the record of a runtime that is over; false when there is none. */
  remove(organizationId: string, id: string): Promise<boolean>;
  /** The runtimes of a node that are active. */
  listActive(nodeId: string): Promise<Runtime[]>;

  appendEvents(life: RuntimeLife, events: readonly NewEvent[]): Promise<void>;
  /** Oldest first. */
  listEvents(
    organizationId: string,
    runtimeId: string,
    filter: EventFilter,
    limit: number,
  ): Promise<RuntimeEvent[]>;
  /** The id of a runtime's newest event; '0' when it has none. */
  lastEventId(organizationId: string, runtimeId: string): Promise<string>;

  /**
   * Counts the active runtimes of each organization anew, and corrects what does not agree. Resolves
   * with how many organizations that were.
   */
  correctPlaces(): Promise<number>;
}
