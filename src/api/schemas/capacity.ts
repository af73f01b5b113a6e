import { z } from '@hono/zod-openapi';
import {
  CapacityHistory,
  type CapacitySample,
  type NodeCapacity,
} from '../../runtime-manager/index.ts';

const bytes = z.int();

const Capacity = z
  .object({
    slots: z.int().openapi({ description: 'How many runtimes can be active at the same time.' }),
    active: z.int(),
    free: z.int().openapi({ description: 'How many more runtimes could start now.' }),
    pool: z.object({
      warm: z.int().openapi({ description: 'How many browsers have been launched in advance.' }),
      launching: z.int().openapi({ description: 'How many browsers are being launched.' }),
    }),
    queue: z.object({
      length: z.int(),
      oldestSeconds: z.number().openapi({
        description:
          'How long the oldest request in the queue has been waiting, in seconds; 0 if the queue is empty.',
      }),
    }),
    memory: z.object({
      freeBytes: bytes.openapi({ description: 'How much memory is still available.' }),
      floorBytes: bytes.openapi({ description: 'How much memory is kept free.' }),
      browserBytes: bytes.openapi({
        description: 'How much memory browsers use, as last measured.',
      }),
    }),
    launches: z
      .object({
        perMinute: z.int(),
        failedPerMinute: z.int(),
        p50Ms: z.number(),
        p95Ms: z.number(),
      })
      .openapi({
        description:
          'The browser launches of the last minute, both for requests and in advance, and how long they took. In `total`, the times are those of the slowest node.',
      }),
  })
  .openapi('Capacity');

const Sample = z
  .object({
    at: z.iso.datetime(),
    total: Capacity.openapi({
      description:
        'The sum of all nodes. Its queue also counts the requests that any node could take.',
    }),
    nodes: z.array(z.object({ nodeId: z.uuid(), capacity: Capacity })),
  })
  .openapi('CapacitySample');

export const CapacityQuery = z.strictObject({
  since: z.iso.datetime().optional().openapi({
    description: 'Only samples after this time, such as the `at` of the last sample that you have.',
  }),
});

export const CapacityBody = z
  .object({
    now: Sample,
    stepSeconds: z.int().openapi({ description: 'The number of seconds between two samples.' }),
    samples: z.array(Sample).openapi({
      description:
        'The samples of the last hour, oldest first. Each process keeps its own samples in memory and starts with none; these are from the process that responds.',
    }),
  })
  .openapi('CapacityHistory');

export async function toCapacityBody(
  history: CapacityHistory,
  since: Date | undefined,
): Promise<z.infer<typeof CapacityBody>> {
  return {
    now: toSample(await history.now()),
    stepSeconds: CapacityHistory.stepMs / 1000,
    samples: history.since(since).map(toSample),
  };
}

function toSample({ at, total, nodes }: CapacitySample): z.infer<typeof Sample> {
  return {
    at: at.toISOString(),
    total: toCapacity(total),
    nodes: nodes.map(({ nodeId, ...capacity }) => ({ nodeId, capacity: toCapacity(capacity) })),
  };
}

function toCapacity(capacity: NodeCapacity): z.infer<typeof Capacity> {
  const { slots, active, free, warm, launching, waiting, oldestWaitMs } = capacity;
  const { memory, launches } = capacity;
  return {
    slots,
    active,
    free,
    pool: { warm, launching },
    queue: { length: waiting, oldestSeconds: Math.round(oldestWaitMs) / 1000 },
    memory: {
      freeBytes: Math.round(memory.freeBytes),
      floorBytes: memory.floorBytes,
      browserBytes: Math.round(memory.browserBytes),
    },
    launches: {
      ...launches,
      p50Ms: Math.round(launches.p50Ms),
      p95Ms: Math.round(launches.p95Ms),
    },
  };
}
