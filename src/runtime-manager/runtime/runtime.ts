import type { ConnectionEpochs } from './access.ts';
import type { EgressRules } from './egress-rules.ts';
import type { CaptchaKind } from '../captchas/kinds.ts';
import type { RecordingOptions } from '../recording/recording.ts';
import type { LoadedExtension } from '../extensions/extension.ts';
import type { Usage } from './usage.ts';
import type { RuntimeFailure } from './failures.ts';
import type { Launch, ProxyAddress } from './launch.ts';
import type { Driver, FirstState, RuntimeKind, RuntimeState, StopReason } from './lifecycle.ts';

/** When a runtime ends by itself. */
export interface TimeLimits {
  /** How long a runtime may be without traffic of a client. */
  idleTimeoutSeconds: number;
  /** Counted from when the runtime runs. */
  maxDurationSeconds: number;
}

/** A runtime as it is recorded. Absent is undefined; ids of the browser are there only while it runs. */
export interface Runtime extends TimeLimits {
  id: string;
  organizationId: string;
  workspaceId: string;
  /** The process that holds it while it is active. */
  nodeId: string;
  alias: string;
  kind: RuntimeKind;
  driver: Driver;
  launch: Launch;
  profileId: string | undefined;
  /** Whether the runtime will save the profile's state. */
  writesProfile: boolean;
  /** Rules by which the runtime may reach less than others. */
  egress: EgressRules | undefined;
  /** What is recorded of it; undefined: nothing. */
  recording: RecordingOptions | undefined;
  state: RuntimeState;
  /** How often the runtime was brought up: 1 at first, one more with every start. */
  generation: number;
  currentDriver: Driver | undefined;
  defaultContextId: string | undefined;
  defaultPageId: string | undefined;
  /** The name of the browser's directory on its node. */
  browserDirectory: string | undefined;
  storageWorkspace: string | undefined;
  /** The proxy that its traffic goes through now; undefined: the traffic goes directly, or there is none. */
  proxy: ProxyAddress | undefined;
  /** What is loaded in its browser now. */
  extensions: LoadedExtension[];
  /** What was asked for but is done only in part, while the runtime runs. */
  warnings: RuntimeWarning[];
  connectionEpochs: ConnectionEpochs;
  /** The usage since the runtime was last brought up, recorded to a second. */
  usage: Usage;
  failure: RuntimeFailure | undefined;
  stopReason: StopReason | undefined;
  createdAt: Date;
  updatedAt: Date;
  startedAt: Date | undefined;
  stoppedAt: Date | undefined;
  lastActivityAt: Date | undefined;
  expiresAt: Date | undefined;
  /** Since when it waits for any node of a cluster to take it; undefined when it does not. */
  queuedAt: Date | undefined;
}

/** Something that was asked for but is done only in part. */
export interface RuntimeWarning {
  code: 'captcha.no_solver';
  message: string;
  /** The kinds of captchas that are not solved. */
  kinds: readonly CaptchaKind[];
}

/** One life of a runtime. Writes by its owner name the life, so that they never touch a later one. */
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
  recording: RecordingOptions | undefined;
  state: FirstState;
  /** Whether any node of a cluster may take it, `accepted` until then. */
  waits?: boolean | undefined;
  /** Present when the runtime is recorded only once it runs. */
  running?: RunningMove | undefined;
}

/** A move of the state machine, with what it writes besides the state. */
export type RuntimeMove =
  | { to: 'launching' }
  | {
      to: 'running';
      defaultContextId: string;
      /** Undefined when the page was closed already. */
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
