import type { Runtime } from './contract.ts';

type FailureCode = NonNullable<Runtime['failure']>['code'];
type StopReason = NonNullable<Runtime['stopReason']>;

export interface State {
  name: 'running' | 'changing' | 'stopped' | 'failed';
  label: string;
  /** What else there is to say, in some words. */
  detail: string;
}

const STOPPED: Record<StopReason, string> = {
  requested: 'by request',
  closed_by_client: 'a client closed the browser',
  workspace_deleted: 'its workspace was deleted',
  shutdown: 'the service was shut down',
  idle: 'it was idle',
  expired: 'at its hard limit',
  drained: 'its machine was drained',
};

const AGAIN = 'Start it again.';
const PROXY = 'Check the address and the credentials of the proxy, and start it again.';
const LATER = 'The service is short of something now. Start it again in a while.';

/** What to do about a failure. */
const ADVICE: Record<FailureCode, string> = {
  'runtime.abandoned': 'Give creates an Idempotency-Key, or let the client wait longer.',
  'runtime.browser_exited': `${AGAIN} If it happens again, look at its last events.`,
  'runtime.browser_hung': `${AGAIN} If it happens again, its pages need more than it has.`,
  'runtime.disk_limit': 'Start it again, and have it keep fewer or smaller files.',
  'runtime.lost': AGAIN,
  'runtime.node_lost': `${AGAIN} Another machine takes it.`,
  'runtime.service_restarted': AGAIN,
  'server.error': 'The log of the service says what happened. Ask whoever runs it.',
  'runtime.launch_failed': 'The log of the service says why. GET /v1/doctor checks its machine.',
  'runtime.no_capacity': 'Stop runtimes that nobody needs, or start it again in a while.',
  'runtime.not_active': AGAIN,
  'profile.not_found': 'Its profile was deleted. Create a runtime with another one.',
  'profile.in_use': 'Stop the runtime that writes the profile, or use the profile read-only.',
  'profile.version_damaged': 'Restore an earlier version of the profile, and start it again.',
  'profile.save_failed': 'The state before is still there. Check the storage of the service.',
  'profile.locale_unavailable': 'Give the profile a locale that the machine has.',
  'proxy.unreachable': PROXY,
  'proxy.auth_failed': PROXY,
  'proxy.timeout': PROXY,
  'proxy.protocol_error': PROXY,
  'proxy.not_allowed': 'The service does not allow this proxy. Use another one.',
  'extension.not_found': 'An extension was deleted. Create a runtime without it.',
  'extension.conflict': 'Leave out one of the extensions that do not go together.',
  'extension.load_failed': 'Check that the extension fits this Chromium.',
  'recording.unsupported': 'Create the runtime without a recording.',
  'storage.object_missing': 'Check the storage of the service: a file of it is gone.',
  'connection.failed': AGAIN,
  'service.unavailable': LATER,
};

/** The state of a runtime in plain words. */
export function stateOf(runtime: Runtime): State {
  const { status, failure, stopReason } = runtime;
  if (status === 'failed') {
    return { name: 'failed', label: 'Failed', detail: failure?.message ?? '' };
  }
  if (status === 'stopped') {
    return { name: 'stopped', label: 'Stopped', detail: stopReason ? STOPPED[stopReason] : '' };
  }
  if (isRunning(runtime)) {
    return { name: 'running', label: 'Running', detail: '' };
  }
  return runtime.startedAt === null
    ? { name: 'changing', label: 'Starting', detail: 'waits for its browser' }
    : { name: 'changing', label: 'Stopping', detail: 'saves its state' };
}

export function adviceOn({ failure }: Runtime): string {
  return failure ? ADVICE[failure.code] : '';
}

/** Whether a browser is there to be seen. */
export function isRunning(runtime: Runtime): boolean {
  return runtime.status === 'active' && runtime.summary?.browserRunning === true;
}
