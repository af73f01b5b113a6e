/**
 * The states of a runtime and the legal moves between them. Pure: who moves a runtime, and how the
 * move is stored, is decided elsewhere.
 *
 *     accepted ──► launching ──► running ──► stopping ──► stopped | failed
 *         └────────────┴────────────┴──► stopping | stopped | failed
 *     stopped | failed ──► accepted | launching      (a start, one generation later)
 *
 * `accepted` waits for room; a runtime that finds room at once begins as `launching`. `stopping` is
 * passed over when it could not be recorded while it lasted.
 */

export const RUNTIME_KINDS = ['browser'] as const;
export type RuntimeKind = (typeof RUNTIME_KINDS)[number];

export const DRIVERS = ['puppeteer', 'playwright', 'selenium', 'stagehand'] as const;
export type Driver = (typeof DRIVERS)[number];

export const LAUNCH_MODES = ['profile', 'ephemeral'] as const;

/** What a customer sees: `active` from the accepted create until stop, failure or expiry. */
export const RUNTIME_STATUSES = ['active', 'stopped', 'failed'] as const;
export type RuntimeStatus = (typeof RUNTIME_STATUSES)[number];

/** What is stored: `active` in its phases, and the two ends. */
export const RUNTIME_STATES = [
  'accepted',
  'launching',
  'running',
  'stopping',
  'stopped',
  'failed',
] as const;
export type RuntimeState = (typeof RUNTIME_STATES)[number];

/** Where a life of a runtime begins: in the queue, or with room at once. */
export type FirstState = Extract<RuntimeState, 'accepted' | 'launching'>;

/** Why a runtime is `stopped`. */
export const STOP_REASONS = [
  'requested',
  'closed_by_client',
  'workspace_deleted',
  'shutdown',
  'idle',
  'expired',
  'drained',
] as const;
export type StopReason = (typeof STOP_REASONS)[number];

const MOVES = {
  accepted: ['launching', 'stopping', 'stopped', 'failed'],
  launching: ['running', 'stopping', 'stopped', 'failed'],
  running: ['stopping', 'stopped', 'failed'],
  stopping: ['stopped', 'failed'],
  stopped: ['accepted', 'launching'],
  failed: ['accepted', 'launching'],
} as const satisfies Record<RuntimeState, readonly RuntimeState[]>;

/** The states of a runtime that is over: it holds no alias, no profile and no browser. */
export const END_STATES = ['stopped', 'failed'] as const satisfies readonly RuntimeState[];

/** The states from which `to` may be reached. */
export function statesBefore(to: RuntimeState): RuntimeState[] {
  return RUNTIME_STATES.filter((from) => MOVES[from].some((next) => next === to));
}

export function statusOf(state: RuntimeState): RuntimeStatus {
  return state === 'stopped' || state === 'failed' ? state : 'active';
}

export function statesOf(status: RuntimeStatus): RuntimeState[] {
  return RUNTIME_STATES.filter((state) => statusOf(state) === status);
}
