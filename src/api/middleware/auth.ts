import { createMiddleware } from 'hono/factory';
import type { Db } from '../../db/client.ts';
import { findOrganizationByKey } from '../../db/queries/api-keys.ts';
import { ApiError } from '../errors.ts';
import type { ApiEnv } from '../router.ts';

const BEARER = /^Bearer +(\S+)$/i;

/** Lets in who has a valid API key, as an actor of its organization; others get 401. */
export function requireApiKey(db: Db) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const secret = BEARER.exec(c.req.header('authorization') ?? '')?.[1];
    const organizationId = secret && (await findOrganizationByKey(db, secret));
    if (!organizationId) {
      throw new ApiError('auth.required', 'A valid API key is required.', {
        hint: 'Send it as "Authorization: Bearer <api key>".',
      });
    }
    c.set('actor', { organizationId });
    await next();
  });
}
