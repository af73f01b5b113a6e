import { createMiddleware } from 'hono/factory';
import type { Db } from '../../db/client.ts';
import { findKeyHolder } from '../../db/queries/api-keys.ts';
import { ApiError } from '../errors.ts';
import type { ApiActor, ApiEnv } from '../router.ts';

const BEARER = /^Bearer +(\S.*)$/i;

/** Who an `Authorization` header speaks for. Throws `auth.required` when that is nobody. */
export async function actorOf(db: Db, authorization: string | undefined): Promise<ApiActor> {
  const secret = BEARER.exec(authorization ?? '')?.[1];
  const holder = secret && (await findKeyHolder(db, secret));
  if (holder) return holder;
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

/** Lets in who may also look after the service itself. */
export const requireAdmin = createMiddleware<ApiEnv>(async (c, next) => {
  if (!c.var.actor.isAdmin) throw new ApiError('auth.forbidden', 'This takes an admin key.');
  await next();
});
