import { createMiddleware } from 'hono/factory';
import type { Db } from '../../db/client.ts';
import { findOrganizationByKey } from '../../db/queries/api-keys.ts';
import type { Actor } from '../../runtime-manager/index.ts';
import { ApiError } from '../errors.ts';
import type { ApiEnv } from '../router.ts';

const BEARER = /^Bearer +(\S.*)$/i;

/** Who an `Authorization` header speaks for. Throws `auth.required` when that is nobody. */
export async function actorOf(db: Db, authorization: string | undefined): Promise<Actor> {
  const secret = BEARER.exec(authorization ?? '')?.[1];
  const organizationId = secret && (await findOrganizationByKey(db, secret));
  if (organizationId) return { organizationId };
  throw new ApiError('auth.required', 'A valid API key is required.', {
    hint: 'Send it as "Authorization: Bearer <api key>".',
  });
}

/** Lets in who has a valid API key, as an actor of its organization. */
export function requireApiKey(db: Db) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    c.set('actor', await actorOf(db, c.req.header('authorization')));
    await next();
  });
}
