import { createMiddleware } from 'hono/factory';
import type { ApiEnv } from '../http/api-env.ts';

/** What begins work that goes first, until the result is disposed. */
export interface Precedes {
  first: () => Disposable;
}

/** Has what can wait give way to each request. */
export function goFirst(precedence: Precedes) {
  return createMiddleware<ApiEnv>(async (_c, next) => {
    using _first = precedence.first();
    await next();
  });
}
