import { randomUUID } from 'node:crypto';

export const IDEMPOTENCY_KEY = 'idempotency-key';

/** POSTs that change nothing, or that take no key. */
const WITHOUT_KEY = /\/(?:wait|mcp|screenshot|pdf|content|scrape|storage-state|test)$/;
/** It may have its key in the body, and two keys are refused: `runtime.execute` gives it one. */
const EXECUTE = /\/execute$/;

/** Gives a POST a key, unless it has one: then the service carries the request out once, however often it is sent. */
export function withKey(request: Request): Request {
  if (takesKey(request) && !request.headers.has(IDEMPOTENCY_KEY)) {
    request.headers.set(IDEMPOTENCY_KEY, randomUUID());
  }
  return request;
}

function takesKey({ method, url, headers }: Request): boolean {
  const type = headers.get('content-type') ?? 'application/json';
  if (method !== 'POST' || !type.startsWith('application/json')) return false;
  const { pathname } = new URL(url);
  return !WITHOUT_KEY.test(pathname) && !EXECUTE.test(pathname);
}
