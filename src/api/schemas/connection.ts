import { z } from '@hono/zod-openapi';
import type { ConnectionState } from '../../runtime-manager/index.ts';
import { ACCESSES, CONNECTION_PROTOCOLS, PROTOCOLS } from '../../runtime-manager/runtime/index.ts';
import { RuntimePath } from './runtime.ts';
import { EXAMPLE_ID } from './example-id.ts';

const TTL_MAX_SECONDS = 30 * 86_400;

export const CreateConnectionRequest = z
  .strictObject({
    protocol: z.enum(PROTOCOLS).default('cdp'),
    access: z.enum(ACCESSES).default('control').openapi({
      description:
        '`observe` lets a client watch but not control the browser; it is available only for `cdp`.',
    }),
    ttlSeconds: z.int().min(1).max(TTL_MAX_SECONDS).optional().openapi({
      description:
        'For how many seconds the URL accepts clients. Clients that are already attached stay connected.',
    }),
  })
  .refine(({ protocol, access }) => protocol === 'cdp' || access === 'control', {
    path: ['access'],
    message: 'Only the protocol cdp supports observe',
  })
  .openapi('CreateConnectionRequest', {
    example: { protocol: 'cdp', access: 'observe', ttlSeconds: 600 },
  });

export const ConnectionPath = RuntimePath.extend({
  connectionId: z.string().openapi({ description: "The connection's id.", example: EXAMPLE_ID }),
});

export const CreatedConnection = z
  .object({
    id: z.uuid(),
    protocol: z.enum(PROTOCOLS),
    access: z.enum(ACCESSES),
    url: z.string().openapi({
      description:
        'The connection URL, which contains the credential. Only this response contains it.',
    }),
    expiresAt: z.iso.datetime(),
  })
  .openapi('CreatedConnection');

export const ConnectionBody = z
  .object({
    id: z.uuid(),
    protocol: z.enum(CONNECTION_PROTOCOLS).openapi({
      description: '`live` is the URL of a live view.',
    }),
    access: z.enum(ACCESSES),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable().openapi({
      description:
        "Null for the runtime's own connections, which are valid as long as the runtime is active.",
    }),
    attachedClients: z.int(),
    lastActivityAt: z.iso.datetime().nullable(),
  })
  .openapi('RuntimeConnection');

export const ConnectionList = z
  .object({ connections: z.array(ConnectionBody) })
  .openapi('RuntimeConnectionList');

export function toConnectionBody(connection: ConnectionState): z.infer<typeof ConnectionBody> {
  const { id, protocol, access, createdAt, expiresAt, attachedClients } = connection;
  return {
    id,
    protocol,
    access,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    attachedClients,
    lastActivityAt: connection.lastActivityAt?.toISOString() ?? null,
  };
}
