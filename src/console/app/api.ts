import type { Issue, Refusal } from './contract.ts';
import { prefix } from './route.ts';

const TIMEOUT_MS = 30_000;
const PAGE_LIMIT = 500;

/** A refusal of the service, or that it cannot be reached. */
export class CallError extends Error {
  readonly status: number;
  readonly code: string;
  readonly issues: Issue[];

  constructor(status: number, { error, code, hint, details }: Partial<Refusal>, retry?: string) {
    const later = retry === undefined ? undefined : `Try again in ${retry} s.`;
    super([error ?? 'The service gave no reason.', hint, later].filter(Boolean).join(' '));
    this.status = status;
    this.code = code ?? 'unknown';
    this.issues = details?.issues ?? details?.problems ?? [];
  }
}

let onSignedOut = () => {};

/** Has something done whenever an answer says that nobody is signed in. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

export interface CallOptions {
  body?: unknown;
  /** Ends the call; without one it ends by itself after half a minute. */
  signal?: AbortSignal;
  /** Whether the call goes on when the page is left. */
  keepalive?: boolean;
}

/** Calls the API; `path` begins with `/v1`. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, options);
  const answer: T = await response.json();
  return answer;
}

/** The answer itself, of which only the beginning is there yet. */
export async function send(
  method: string,
  path: string,
  options: SendOptions = {},
): Promise<Response> {
  const { body, signal = AbortSignal.timeout(TIMEOUT_MS), headers, keepalive = false } = options;
  const request = {
    method,
    signal,
    keepalive,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
  const response = await fetch(prefix + path, request).catch((error: unknown) => {
    throw unreachable(error);
  });
  if (response.ok) return response;
  const refusal: Refusal | undefined = await response.json().catch(() => undefined);
  throw refused(response.status, refusal, response.headers.get('retry-after') ?? undefined);
}

/** What to throw for an answer that is a refusal. */
export function refused(status: number, refusal: Refusal | undefined, retry?: string): CallError {
  if (status === 401) onSignedOut();
  return new CallError(status, refusal ?? { error: `The service answered ${status}.` }, retry);
}

interface SendOptions extends CallOptions {
  headers?: Record<string, string>;
}

/** What to throw where there is no answer. */
export function unreachable(error?: unknown): unknown {
  if (error instanceof DOMException && error.name === 'AbortError') return error;
  const isLate = error instanceof DOMException && error.name === 'TimeoutError';
  return new CallError(0, {
    error: isLate ? 'The service did not answer in time.' : 'The service cannot be reached.',
    hint: 'Check that it runs, and try again.',
  });
}

/** What every page of a list has. */
export interface Paged {
  nextCursor?: string | undefined;
}

/** All pages of a list, one after the other. */
export async function* pagesOf<T extends Paged>(
  path: string,
  { first = PAGE_LIMIT, signal }: { first?: number; signal?: AbortSignal } = {},
): AsyncGenerator<T, void> {
  let query = `limit=${first}`;
  const until = () => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    return signal ? AbortSignal.any([signal, timeout]) : timeout;
  };
  for (;;) {
    const joint = path.includes('?') ? '&' : '?';
    const page = await call<T>('GET', path + joint + query, { signal: until() });
    yield page;
    if (page.nextCursor === undefined) return;
    query = `limit=${PAGE_LIMIT}&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}

/** The path of a runtime's resources. */
export function pathOf({ workspaceId, id }: { workspaceId: string; id: string }): string {
  return `/v1/workspaces/${encodeURIComponent(workspaceId)}/runtimes/${encodeURIComponent(id)}`;
}

/** What went wrong, in a sentence. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
