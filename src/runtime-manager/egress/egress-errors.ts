import { RuntimeError } from '../errors.ts';

/** Why a destination is refused, in words for who looks at the page. */
const REFUSALS = {
  forbidden_address: 'Link-local, metadata and multicast addresses are never reached.',
  own_port: 'It belongs to the service that runs this browser.',
  private_address: 'Private addresses are not reached from here.',
  internal_name: 'Names of an internal network are not reached from here.',
  denied: "The runtime's egress rules deny it.",
  not_allowed: "The runtime's egress rules do not allow it.",
  closed: 'This browser has no way out now.',
} as const;

/** A destination that may not be reached. */
export class EgressRefusal extends Error {
  readonly code: keyof typeof REFUSALS;

  constructor(code: keyof typeof REFUSALS) {
    super(REFUSALS[code]);
    this.name = 'EgressRefusal';
    this.code = code;
  }
}

/** A proxy that works did not get through to the destination. */
export class TargetUnreachable extends Error {
  constructor(said: string) {
    super(`The proxy could not reach it: ${said}.`);
    this.name = 'TargetUnreachable';
  }
}

const SYSTEM_ERRORS: Record<string, string> = {
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'name_not_resolved',
  EAI_AGAIN: 'name_not_resolved',
  ETIMEDOUT: 'timed_out',
};

/** What went wrong on the way to a destination, in one word. */
export function failureCode(error: unknown): string {
  if (error instanceof RuntimeError || error instanceof EgressRefusal) return error.code;
  if (error instanceof TargetUnreachable) return 'proxy.target_unreachable';
  if (isTimeout(error)) return 'timed_out';
  return SYSTEM_ERRORS[systemCode(error) ?? ''] ?? 'failed';
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** Of several attempts, the last one's. */
function systemCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return systemCode(error.errors.at(-1));
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return String(error.code);
}
