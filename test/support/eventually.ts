import { vi } from 'vitest';

/** A machine may be busy with something else: what never holds fails, what holds late does not. */
const LIMIT_MS = 60_000;

/** Resolves with what `check` returns once it throws no more; `interval` in milliseconds. */
export function eventually<T>(
  check: () => T | Promise<T>,
  { interval = 50 }: { interval?: number } = {},
): Promise<T> {
  return vi.waitFor(check, { timeout: LIMIT_MS, interval });
}
