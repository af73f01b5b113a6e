import { z } from '@hono/zod-openapi';
import { EVENT_TYPES, type RuntimeEvent } from '../../runtime-manager/runtime/index.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1000;
const TIMEOUT_DEFAULT_MS = 30_000;
const TIMEOUT_MAX_MS = 120_000;

export const EventId = z
  .string()
  .regex(/^\d{1,18}$/, 'Not the id of an event')
  .openapi({ example: '1207' });

const CdpId = z.string().regex(/^[\w-]{1,128}$/, 'Not an id of CDP');

const types = z.array(z.enum(EVENT_TYPES)).min(1);

export const EventQuery = z.strictObject({
  after: EventId.default('0').openapi({ description: 'The id of the last event you know.' }),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
});

export const EventStreamQuery = z.strictObject({
  after: EventId.optional().openapi({
    description: 'The id of the last event you know; without it, what happens from now on.',
  }),
  eventTypes: z
    .string()
    .transform((list) => list.split(','))
    .pipe(types)
    .optional()
    .openapi({ description: 'Only these, separated by commas.', type: 'string' }),
});

/** As `EventStreamQuery.after`, from a client that connects again. */
export const LastEventId = z.object({ 'last-event-id': EventId.optional() });

export const WaitForEventRequest = z
  .strictObject({
    after: EventId.optional().openapi({
      description: 'The id of the last event you know; without it, what happens from now on.',
    }),
    contextId: CdpId.optional(),
    pageId: CdpId.optional(),
    eventTypes: types.optional().openapi({ description: 'Any of these; all without it.' }),
    timeoutMs: z.int().min(0).max(TIMEOUT_MAX_MS).default(TIMEOUT_DEFAULT_MS),
  })
  .openapi('WaitForEventRequest');

export const EventBody = z
  .object({
    id: EventId,
    type: z.enum(EVENT_TYPES),
    runtimeId: z.uuid(),
    contextId: z.string().nullable(),
    pageId: z.string().nullable(),
    data: z.record(z.string(), z.unknown()),
    createdAt: z.iso.datetime(),
  })
  .openapi('RuntimeEvent');

export const EventList = z
  .object({
    events: z.array(EventBody),
    nextCursor: EventId.optional().openapi({ description: 'There may be more after this one.' }),
  })
  .openapi('RuntimeEventList');

export const WaitedEvent = z
  .object({ event: EventBody.nullable().openapi({ description: 'Null when time was up.' }) })
  .openapi('WaitedEvent');

export function toEventBody(event: RuntimeEvent): z.infer<typeof EventBody> {
  return {
    id: event.id,
    type: event.type,
    runtimeId: event.runtimeId,
    contextId: event.contextId ?? null,
    pageId: event.pageId ?? null,
    data: event.data,
    createdAt: event.createdAt.toISOString(),
  };
}
