import { createMiddleware } from 'hono/factory';
import { RuntimeError } from '../../runtime-manager/runtime/index.ts';

/** Shut until the service can carry out requests. */
export interface Door {
  readonly isOpen: boolean;
  /** Whether the service is about to end: it still carries out requests, and readiness says no. */
  readonly isLeaving: boolean;
}

export function requireOpen(door: Door) {
  return createMiddleware(async (_c, next) => {
    assertOpen(door);
    await next();
  });
}

/** Throws `service.unavailable` while the door is shut. */
export function assertOpen({ isOpen }: Door): void {
  if (isOpen) return;
  throw new RuntimeError('service.unavailable', 'The service is starting: try again in a moment.', {
    retryAfterSeconds: 1,
  });
}
