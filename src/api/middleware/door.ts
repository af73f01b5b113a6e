import { createMiddleware } from 'hono/factory';
import { RuntimeError } from '../../runtime-manager/runtime/index.ts';

/** Shut until the service could carry out what it is asked for. */
export interface Door {
  readonly isOpen: boolean;
}

export function requireOpen(door: Door) {
  return createMiddleware(async (_c, next) => {
    assertOpen(door);
    await next();
  });
}

/** Throws `service.unavailable`. */
export function assertOpen({ isOpen }: Door): void {
  if (isOpen) return;
  throw new RuntimeError('service.unavailable', 'The service is starting: try again in a moment.', {
    retryAfterSeconds: 1,
  });
}
