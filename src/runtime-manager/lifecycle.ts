/**
 * The states of a runtime and the legal moves between them. Pure: who moves a runtime, and how the
 * move is stored, is decided elsewhere.
 *
 *     launching ──► running ──► stopping ──► stopped
 *         │            │            └──────► failed
 *         └────────────┴──► stopping | stopped | failed
 *
 * `stopping` is passed over when it could not be recorded while it lasted.
 */

export const RUNTIME_KINDS = ['browser'] as const;
export type RuntimeKind = (typeof RUNTIME_KINDS)[number];

export const DRIVERS = ['puppeteer', 'playwright', 'selenium', 'stagehand'] as const;
export type Driver = (typeof DRIVERS)[number];

export const LAUNCH_MODES = ['profile', 'ephemeral'] as const;

/** What a customer sees. `active` from the accepted create until stop, failure or expiry. */
export const RUNTIME_STATUSES = ['active', 'stopped', 'failed'] as const;
export type RuntimeStatus = (typeof RUNTIME_STATUSES)[number];

/** What is stored: `active` in its phases, and the two ends. */
export const RUNTIME_STATES = ['launching', 'running', 'stopping', 'stopped', 'failed'] as const;
export type RuntimeState = (typeof RUNTIME_STATES)[number];

/** Why a runtime is `stopped`. */
export const STOP_REASONS = [
  'requested',
  'closed_by_client',
  'workspace_deleted',
  'shutdown',
] as const;
export type StopReason = (typeof STOP_REASONS)[number];

const MOVES = {
  launching: ['running', 'stopping', 'stopped', 'failed'],
  running: ['stopping', 'stopped', 'failed'],
  stopping: ['stopped', 'failed'],
  stopped: [],
  failed: [],
} as const satisfies Record<RuntimeState, readonly RuntimeState[]>;

/** The states in which a runtime holds its alias and may hold a browser. */
export const ACTIVE_STATES = RUNTIME_STATES.filter((state) => MOVES[state].length > 0);

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
