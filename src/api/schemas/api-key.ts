import { z } from '@hono/zod-openapi';
import { SCOPE_MEANINGS, SCOPES, type ApiKey } from '../../runtime-manager/runtime/index.ts';
import { nextCursor } from './paging.ts';
import { EXAMPLE_ID } from './example-id.ts';

const NAME_MAX = 200;
/** A list for a key limited to workspaces queries each of them, so their number is bounded. */
const WORKSPACES_MAX = 50;

const Name = z
  .string()
  .trim()
  .min(1)
  .max(NAME_MAX)
  .refine((name) => !name.includes('\0'), 'has a NUL character')
  .openapi({ example: 'ci' });

export const Scope = z.enum(SCOPES).openapi('Scope', {
  description: SCOPES.map((scope) => `- \`${scope}\`: ${SCOPE_MEANINGS[scope]}`).join('\n'),
  example: 'runtimes:read',
});

const scopes = z.array(Scope).openapi({
  description:
    'What the key may do. Each operation lists the scopes that it requires in `x-required-scopes`.',
  example: ['runtimes:read', 'runtimes:write'],
});

export const ApiKeyPath = z.object({
  keyId: z.string().openapi({ description: "The key's id.", example: EXAMPLE_ID }),
});

export const CreateApiKeyRequest = z
  .strictObject({
    name: Name,
    scopes: scopes.min(1),
    workspaceIds: z.array(z.uuid()).min(1).max(WORKSPACES_MAX).optional().openapi({
      description:
        'Limits the key to these workspaces. If omitted, the key can access all workspaces of the organization. Cannot be combined with the scope `admin`.',
    }),
  })
  .openapi('CreateApiKeyRequest', {
    example: { name: 'ci', scopes: ['runtimes:read', 'runtimes:write'] },
  });

export const ApiKeyBody = z
  .object({
    id: z.uuid(),
    name: Name,
    hint: z.string().openapi({
      description: 'The first characters of the key, which help to tell keys apart.',
      example: 'bctrl_9fQw',
    }),
    scopes,
    workspaceIds: z.array(z.uuid()).nullable().openapi({
      description:
        'The workspaces that the key is limited to; null if it can access all workspaces of the organization.',
      example: null,
    }),
    createdAt: z.iso.datetime(),
  })
  .openapi('ApiKey');

export const CreatedApiKey = ApiKeyBody.extend({
  key: z.string().openapi({
    description: 'The API key itself. Only this response contains it.',
    example: 'bctrl_9fQw…',
  }),
}).openapi('CreatedApiKey');

export const ApiKeyList = z
  .object({ apiKeys: z.array(ApiKeyBody), nextCursor })
  .openapi('ApiKeyList');

export function toApiKeyBody(key: ApiKey): z.infer<typeof ApiKeyBody> {
  const { id, name, hint, scopes: allowed, workspaceIds, createdAt } = key;
  return {
    id,
    name,
    hint,
    scopes: [...allowed],
    workspaceIds: workspaceIds ? [...workspaceIds] : null,
    createdAt: createdAt.toISOString(),
  };
}
