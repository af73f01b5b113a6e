import { z } from '@hono/zod-openapi';
import type { ApiActor } from '../http/api-env.ts';
import { Scope } from './api-key.ts';

/** Longer ones would not fit into a cookie. */
const KEY_MAX = 2000;

const Credential = z
  .string()
  .max(KEY_MAX)
  .regex(/^[!-~](?:[ -~]*[!-~])?$/, 'has characters that no key has');

export const SignInRequest = z.union([
  z.strictObject({ key: Credential }),
  /** The token of the link that was printed at the start. */
  z.strictObject({ link: Credential }),
]);

export const SessionBody = z.object({
  keyId: z.uuid(),
  scopes: z.array(Scope),
  /** The only workspaces that the key can see; null for all of the organization. */
  workspaceIds: z.array(z.uuid()).nullable(),
  expiresAt: z.iso.datetime(),
});

export function toSessionBody(
  { keyId, scopes, workspaceIds }: ApiActor,
  expiresAt: number,
): z.infer<typeof SessionBody> {
  return {
    keyId,
    scopes: [...scopes],
    workspaceIds: workspaceIds ? [...workspaceIds] : null,
    expiresAt: new Date(expiresAt).toISOString(),
  };
}
