import { z } from '@hono/zod-openapi';
import { EVENT_TYPES, type RuntimeEvent } from '../../runtime-manager/runtime/index.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1000;
const TIMEOUT_DEFAULT_MS = 30_000;
const TIMEOUT_MAX_MS = 120_000;

export const EventId = z
  .string()
  .regex(/^\d{1,18}$/, 'Not an event id')
  .openapi({ example: '1207' });

export const CdpId = z.string().regex(/^[\w-]{1,128}$/, 'Not a CDP id');

const types = z.array(z.enum(EVENT_TYPES)).min(1);

export const EventQuery = z.strictObject({
  after: EventId.default('0').openapi({ description: 'Only events after the event with this id.' }),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
});

export const EventStreamQuery = z.strictObject({
  after: EventId.optional().openapi({
    description: 'Only events after the event with this id; by default only events from now on.',
  }),
  eventTypes: z
    .string()
    .transform((list) => list.split(','))
    .pipe(types)
    .optional()
    .openapi({ description: 'Only events of these types, separated by commas.', type: 'string' }),
});

/** What a client sends rather than `EventStreamQuery.after` when it reconnects. */
export const LastEventId = z.object({ 'last-event-id': EventId.optional() });

export const WaitForEventRequest = z
  .strictObject({
    after: EventId.optional().openapi({
      description: 'Only events after the event with this id; by default only events from now on.',
    }),
    contextId: CdpId.optional(),
    pageId: CdpId.optional(),
    eventTypes: types
      .optional()
      .openapi({ description: 'Only events of these types; by default all.' }),
    timeoutMs: z.int().min(0).max(TIMEOUT_MAX_MS).default(TIMEOUT_DEFAULT_MS),
  })
  .openapi('WaitForEventRequest', {
    example: { after: '0', eventTypes: ['runtime.launched'], timeoutMs: 5000 },
  });

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
    nextCursor: EventId.optional().openapi({
      description:
        'The value of `after` for the next request; present if there may be more events.',
    }),
  })
  .openapi('RuntimeEventList');

export const WaitedEvent = z
  .object({
    event: EventBody.nullable().openapi({
      description: 'The first event that matches; null if there was none within `timeoutMs`.',
    }),
  })
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
