import { vi } from 'vitest';

/** Long, since a busy machine is slow: only a check that never holds fails. */
const LIMIT_MS = 60_000;

/** Resolves with what `check` returns once it throws no more; `interval` and `limit` in milliseconds. */
export function eventually<T>(
  check: () => T | Promise<T>,
  { interval = 50, limit = LIMIT_MS }: { interval?: number; limit?: number } = {},
): Promise<T> {
  return vi.waitFor(check, { timeout: limit, interval });
}
