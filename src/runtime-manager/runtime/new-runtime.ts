import { randomUUID } from 'node:crypto';
import type { EgressRules } from './egress-rules.ts';
import type { Launch } from './launch.ts';
import type { Driver, RuntimeKind } from './lifecycle.ts';
import type { NewRuntime, TimeLimits } from './runtime.ts';

export interface RuntimeRequest {
  alias: string;
  kind: RuntimeKind;
  driver: Driver;
  launch: Launch;
  /** Undefined for what is configured. */
  idleTimeoutSeconds?: number | undefined;
  maxDurationSeconds?: number | undefined;
  egress?: EgressRules | undefined;
}

/** Where it will be. */
type RuntimePlace = Pick<NewRuntime, 'workspace' | 'nodeId'>;

/** A runtime as a request wants it, before it is known whether it has to wait. */
export function newRuntime(
  request: RuntimeRequest,
  place: RuntimePlace,
  timeLimits: TimeLimits,
): Omit<NewRuntime, 'state' | 'running'> {
  const { launch } = request;
  const isProfile = launch.mode === 'profile';
  return {
    ...request,
    ...place,
    id: randomUUID(),
    profileId: isProfile ? launch.profileId : undefined,
    writesProfile: isProfile && !launch.readOnly,
    egress: request.egress,
    idleTimeoutSeconds: request.idleTimeoutSeconds ?? timeLimits.idleTimeoutSeconds,
    maxDurationSeconds: request.maxDurationSeconds ?? timeLimits.maxDurationSeconds,
  };
}
