import type { ConnectionEpochs } from './access.ts';
import type { EgressRules } from './egress-rules.ts';
import type { CaptchaKind } from '../captchas/kinds.ts';
import type { LoadedExtension } from '../extensions/extension.ts';
import type { Usage } from './usage.ts';
import type { RuntimeFailure } from './failures.ts';
import type { Launch, ProxyAddress } from './launch.ts';
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
  /** What of the launch is done in part, while it runs. */
  warnings: RuntimeWarning[];
  connectionEpochs: ConnectionEpochs;
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

/** Something that was asked for and is done in part. */
export interface RuntimeWarning {
  code: 'captcha.no_solver';
  message: string;
  /** Of captchas: those that are not solved. */
  kinds: readonly CaptchaKind[];
}

/** One life of a runtime: what a write by its owner names, so that it never touches a later one. */
export type RuntimeLife = Pick<Runtime, 'organizationId' | 'id' | 'generation'>;

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
      warnings: RuntimeWarning[];
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
