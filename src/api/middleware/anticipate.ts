import { createMiddleware } from 'hono/factory';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import type { KeyCheck } from '../http/key-check.ts';
import type { ApiEnv } from '../http/router.ts';

export interface AnticipateParts {
  keys: KeyCheck;
  runtimes: RuntimeManager;
}

/**
 * A create is in sight: what it will ask of a browser is asked while its key is looked up. Nothing
 * comes of it when the key does not hold any more; one that never held asks nothing.
 */
export function anticipateCreate({ keys, runtimes }: AnticipateParts) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    if (keys.wasValid(c.req.header('authorization'))) runtimes.anticipate();
    await next();
  });
}
