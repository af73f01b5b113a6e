import { randomUUID } from 'node:crypto';
import type { EgressRules } from './egress-rules.ts';
import type { RecordingOptions } from '../recording/recording.ts';
import type { Launch } from './launch.ts';
import type { Driver, RuntimeKind } from './lifecycle.ts';
import type { NewRuntime, TimeLimits } from './runtime.ts';

export interface RuntimeRequest {
  alias: string;
  kind: RuntimeKind;
  driver: Driver;
  launch: Launch;
  /** Undefined: the configured limit holds. */
  idleTimeoutSeconds?: number | undefined;
  maxDurationSeconds?: number | undefined;
  egress?: EgressRules | undefined;
  /** Null: nothing is recorded; undefined: as is usual. */
  recording?: RecordingOptions | null | undefined;
}

/** What holds where a request says nothing. */
export interface Usual {
  timeLimits: TimeLimits;
  /** Undefined: runtimes are not recorded. */
  recording?: RecordingOptions | undefined;
}

/** The runtime that a request asks for in a workspace, before its node is known. */
export function newRuntime(
  request: RuntimeRequest,
  workspace: string,
  { timeLimits, recording, id = randomUUID() }: Usual & { id?: string | undefined },
): Omit<NewRuntime, 'nodeId' | 'state' | 'running'> {
  const { launch } = request;
  const isProfile = launch.mode === 'profile';
  return {
    ...request,
    workspace,
    id,
    profileId: isProfile ? launch.profileId : undefined,
    writesProfile: isProfile && !launch.readOnly,
    egress: request.egress,
    recording: (request.recording === undefined ? recording : request.recording) ?? undefined,
    idleTimeoutSeconds: request.idleTimeoutSeconds ?? timeLimits.idleTimeoutSeconds,
    maxDurationSeconds: request.maxDurationSeconds ?? timeLimits.maxDurationSeconds,
  };
}
