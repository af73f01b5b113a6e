import { createRoute } from '@hono/zod-openapi';
import {
  beginSession,
  endSession,
  readSession,
  type SessionParts,
} from '../console/session-cookie.ts';
import type { SignInLink } from '../console/sign-in-link.ts';
import { createRouter } from '../http/api-env.ts';
import { json, jsonBody } from '../http/openapi.ts';
import type { AuthParts } from '../middleware/auth.ts';
import { jsonOnly } from '../middleware/json-only.ts';
import { limitBody } from '../middleware/limit-body.ts';
import { requireOwnPage } from '../middleware/session.ts';
import { SessionBody, SignInRequest, toSessionBody } from '../schemas/console-session.ts';

const BODY_MAX_BYTES = 10_000;
const common = { path: '/console/session', hide: true };
const answers = { 200: json(SessionBody, 'The session') };

const signIn = createRoute({
  ...common,
  method: 'post',
  request: jsonBody(SignInRequest),
  responses: answers,
});
const read = createRoute({ ...common, method: 'get', responses: answers });
const signOut = createRoute({
  ...common,
  method: 'delete',
  responses: { 204: { description: 'There is no session any more.' } },
});

export interface ConsoleSessionParts extends AuthParts, SessionParts {
  signInLink: SignInLink;
}

/** Keeps people signed in to the console. None of it is part of the API, whose clients have keys. */
export function consoleSessionRoutes(parts: ConsoleSessionParts) {
  const { keys, clientAddressOf, signInLink, addressOf } = parts;
  const router = createRouter();
  router.use(common.path, requireOwnPage(addressOf), async (c, next) => {
    c.header('cache-control', 'no-store');
    await next();
  });
  router.post(common.path, limitBody(BODY_MAX_BYTES), jsonOnly);
  return router
    .openapi(signIn, async (c) => {
      const given = c.req.valid('json');
      // A token that opens nothing is a wrong key like others, and counted as one.
      const key = 'key' in given ? given.key : (signInLink.redeem(given.link) ?? given.link);
      const address = clientAddressOf(c.env.incoming);
      const actor = await keys.actorOf({ authorization: `Bearer ${key}`, address });
      c.set('actor', { ...actor, kind: 'session' });
      const { expiresAt } = beginSession(c, key, parts);
      return c.json(toSessionBody(actor, expiresAt), 200);
    })
    .openapi(read, async (c) => {
      const session = readSession(c, parts);
      const authorization = session && `Bearer ${session.key}`;
      const actor = await keys.actorOf({ authorization, address: clientAddressOf(c.env.incoming) });
      return c.json(toSessionBody(actor, session?.expiresAt ?? 0), 200);
    })
    .openapi(signOut, (c) => {
      endSession(c, parts);
      return c.body(null, 204);
    });
}
