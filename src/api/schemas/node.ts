import { z } from '@hono/zod-openapi';
import type { NodeStatus } from '../../runtime-manager/index.ts';
import { NODE_ROLES, PRESENT_NODE_STATES } from '../../runtime-manager/runtime/index.ts';
import { EXAMPLE_ID } from './example-id.ts';

export const NodePath = z.object({
  nodeId: z.string().openapi({ description: "The node's id.", example: EXAMPLE_ID }),
});

export const NodeBody = z
  .object({
    id: z.uuid(),
    role: z.enum(NODE_ROLES),
    state: z.enum(PRESENT_NODE_STATES).openapi({
      description: 'A node that is `draining` takes no new runtimes; those that it has go on.',
    }),
    build: z.string().openapi({ description: 'The version of the service.', example: '0.1.0' }),
    startedAt: z.iso.datetime(),
    load: z
      .object({
        slots: z.int().openapi({ description: 'How many runtimes it may have at once.' }),
        active: z.int(),
        waiting: z.int().openapi({ description: 'How many runtimes wait for room.' }),
        free: z.int().openapi({ description: 'How many more would find room now.' }),
        warm: z.int().openapi({ description: 'How many browsers are ready.' }),
      })
      .optional()
      .openapi({ description: 'Absent without browsers, and where nothing was heard yet.' }),
    membership: z
      .object({
        epoch: z.int().openapi({ description: 'One more with each start of the process.' }),
        address: z.string().optional().openapi({
          description: 'Where the other processes reach it.',
          example: '10.0.0.7:8788',
        }),
        leaseLeftMs: z.int().openapi({
          description: 'For how long its lease still holds; negative when the lease is over.',
        }),
        lastHeardAt: z.iso.datetime().optional().openapi({
          description: 'When the process that answers heard of it last.',
        }),
      })
      .optional()
      .openapi({ description: 'Absent where the service is one process.' }),
  })
  .openapi('Node');

export const NodeList = z.object({ nodes: z.array(NodeBody) }).openapi('NodeList');

export function toNodeBody(status: NodeStatus): z.infer<typeof NodeBody> {
  const { id, role, state, build, startedAt, load, membership } = status;
  return {
    id,
    role,
    state,
    build,
    startedAt: startedAt.toISOString(),
    ...(load && { load: toLoadBody(load) }),
    ...(membership && { membership: toMembershipBody(membership) }),
  };
}

function toLoadBody({ slots, active, waiting, free, warm }: NonNullable<NodeStatus['load']>) {
  return { slots, active, waiting, free, warm };
}

function toMembershipBody(membership: NonNullable<NodeStatus['membership']>) {
  const { epoch, address, leaseLeftMs, lastHeardAt } = membership;
  return {
    epoch,
    ...(address !== undefined && { address }),
    leaseLeftMs: Math.round(leaseLeftMs),
    ...(lastHeardAt && { lastHeardAt: lastHeardAt.toISOString() }),
  };
}
