import { RuntimeError, type RuntimeErrorCode } from '../errors.ts';
import type { Proxy } from '../runtime/launch.ts';

/** Why a destination is refused, in words for whoever looks at the page. */
const REFUSALS = {
  forbidden_address: 'Link-local, metadata and multicast addresses are never reached.',
  unusual_port:
    'Receivers listen at port 80, 443, or a port from 1024 on that browsers do not block.',
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

/** Why a proxy cannot be used: `said` follows the proxy's address. Shows no credentials. */
export function proxyError(
  code: RuntimeErrorCode & `proxy.${string}`,
  { host, port }: Proxy,
  said: string,
  cause?: unknown,
): RuntimeError {
  return new RuntimeError(code, `The proxy ${host}:${port} ${said}.`, { cause });
}

/** A proxy that ended the connection without a word. */
export class ProxyHungUp extends RuntimeError {
  constructor({ host, port }: Proxy, cause: unknown) {
    super('proxy.protocol_error', `The proxy ${host}:${port} hung up.`, { cause });
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

const WORDS: Record<string, string> = {
  connection_refused: 'it refused the connection',
  connection_reset: 'it reset the connection',
  unreachable: 'no route leads there',
  name_not_resolved: 'its name does not resolve',
  timed_out: 'it did not answer in time',
};

/** What went wrong on the way to a host, in words; undefined for an unknown failure. */
export function failureWords(error: unknown): string | undefined {
  return WORDS[failureCode(error)];
}

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

/** The system's code; of several attempts, the code of the last one. */
function systemCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return systemCode(error.errors.at(-1));
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return String(error.code);
}
