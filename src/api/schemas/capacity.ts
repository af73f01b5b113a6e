import { z } from '@hono/zod-openapi';
import {
  CapacityHistory,
  type CapacitySample,
  type NodeCapacity,
} from '../../runtime-manager/index.ts';

const bytes = z.int();

const Capacity = z
  .object({
    slots: z.int().openapi({ description: 'How many runtimes there may be at once.' }),
    active: z.int(),
    free: z.int().openapi({ description: 'How many more runtimes would find room.' }),
    pool: z.object({
      warm: z.int().openapi({ description: 'How many browsers are ready.' }),
      launching: z.int().openapi({ description: 'How many browsers are being launched.' }),
    }),
    queue: z.object({
      length: z.int(),
      oldestSeconds: z.number().openapi({
        description: 'For how long the first has waited; 0 when nobody waits.',
      }),
    }),
    memory: z.object({
      freeBytes: bytes.openapi({ description: 'What could still be used.' }),
      floorBytes: bytes.openapi({ description: 'What is to stay free.' }),
      browserBytes: bytes.openapi({ description: 'What browsers use, as last measured.' }),
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
          'The launches of browsers in the minute before, for a request or ahead of one, and how long they took; of all nodes, the times of the slowest.',
      }),
  })
  .openapi('Capacity');

const Sample = z
  .object({
    at: z.iso.datetime(),
    total: Capacity.openapi({
      description: 'Of all nodes together; of the queue, also what waits for any of them.',
    }),
    nodes: z.array(z.object({ nodeId: z.uuid(), capacity: Capacity })),
  })
  .openapi('CapacitySample');

export const CapacityQuery = z.strictObject({
  since: z.iso.datetime().optional().openapi({
    description: 'Only samples after this time, such as the `at` of the last one that is known.',
  }),
});

export const CapacityBody = z
  .object({
    now: Sample,
    stepSeconds: z.int().openapi({ description: 'The time between two samples.' }),
    samples: z.array(Sample).openapi({
      description:
        'Those of the last hour, oldest first, in the memory of the process that answers: each has its own, and a start begins with none.',
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
