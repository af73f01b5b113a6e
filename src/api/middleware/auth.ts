import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { assertScope, type Scope } from '../../runtime-manager/runtime/index.ts';
import type { ClientAddress } from '../http/client-address.ts';
import { ApiError } from '../http/errors.ts';
import type { KeyCheck } from '../http/key-check.ts';
import type { ApiActor, ApiEnv } from '../http/api-env.ts';

export interface AuthParts {
  keys: KeyCheck;
  clientAddressOf: ClientAddress;
}

const TOKEN = 'token';

/** Lets in whoever has a valid API key, as an actor of its organization. */
export function requireApiKey(parts: AuthParts) {
  return letIn(parts, (c) => c.req.header('authorization'));
}

/** As `requireApiKey`; a client that accepts only a URL may send the key in it, as `?token=`. */
export function requireApiKeyOrToken(parts: AuthParts) {
  return letIn(parts, authorizationOrToken);
}

type AuthorizationOf = (c: Context<ApiEnv>) => string | undefined;

function letIn({ keys, clientAddressOf }: AuthParts, authorizationOf: AuthorizationOf) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const authorization = authorizationOf(c);
    const address = clientAddressOf(c.env.incoming);
    c.set('actor', { ...(await keys.actorOf({ authorization, address })), kind: kindOf(c) });
    await next();
  });
}

function kindOf(c: Context<ApiEnv>): ApiActor['kind'] {
  if (c.env.isOfTool) return 'mcp';
  return c.var.isOfSession ? 'session' : 'apiKey';
}

/** https://www.rfc-editor.org/rfc/rfc6750#section-2 */
function authorizationOrToken(c: Context<ApiEnv>): string | undefined {
  const authorization = c.req.header('authorization');
  const token = c.req.query(TOKEN);
  if (token === undefined) return authorization;
  // The URL contains the key: no cache may keep the answer, and no page may pass the URL on.
  c.header('cache-control', 'no-store');
  c.header('referrer-policy', 'no-referrer');
  if (authorization === undefined) return `Bearer ${token}`;
  const message = 'Given beside an Authorization header: send one of the two';
  throw new ApiError('request.invalid', `The request is not valid: ${TOKEN}: ${message}`, {
    details: { issues: [{ in: 'query', path: TOKEN, message }] },
  });
}

/** Lets in whoever has all of these scopes; throws `auth.forbidden` with the first missing one. */
export function requireScopes(scopes: readonly Scope[]) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    for (const scope of scopes) assertScope(c.var.actor, scope);
    await next();
  });
}
