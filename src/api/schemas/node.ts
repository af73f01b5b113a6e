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
      description:
        'A node that is `draining` accepts no new runtimes; its active runtimes continue.',
    }),
    build: z.string().openapi({ description: 'The version of the service.', example: '0.1.0' }),
    startedAt: z.iso.datetime(),
    load: z
      .object({
        slots: z
          .int()
          .openapi({ description: 'How many runtimes can be active at the same time.' }),
        active: z.int(),
        waiting: z.int().openapi({ description: 'How many runtimes are waiting for a slot.' }),
        free: z.int().openapi({ description: 'How many more runtimes could start now.' }),
        warm: z.int().openapi({ description: 'How many browsers have been launched in advance.' }),
      })
      .optional()
      .openapi({
        description: 'Absent if the process runs no browsers, or has not reported its load yet.',
      }),
    membership: z
      .object({
        epoch: z.int().openapi({ description: 'Increases by one with each start of the process.' }),
        address: z.string().optional().openapi({
          description: 'Where the other processes can reach it.',
          example: '10.0.0.7:8788',
        }),
        leaseLeftMs: z.int().openapi({
          description:
            'For how many milliseconds its lease is still valid; negative if the lease has expired.',
        }),
        lastHeardAt: z.iso.datetime().optional().openapi({
          description: 'When the process that responds last heard from it.',
        }),
      })
      .optional()
      .openapi({ description: 'Absent if the service is a single process.' }),
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
