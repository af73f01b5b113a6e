import { createMiddleware } from 'hono/factory';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import type { KeyCheck } from '../http/key-check.ts';
import type { ApiEnv } from '../http/api-env.ts';

export interface AnticipateParts {
  keys: KeyCheck;
  runtimes: RuntimeManager;
}

/**
 * Has a ready browser checked for a create while the create's key is looked up. The check is wasted
 * if the key is no longer valid; a key that never was valid starts none.
 */
export function anticipateCreate({ keys, runtimes }: AnticipateParts) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    if (keys.wasValid(c.req.header('authorization'))) runtimes.anticipate();
    await next();
  });
}
