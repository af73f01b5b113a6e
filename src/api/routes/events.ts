import { createRoute, type z } from '@hono/zod-openapi';
import type { EventPage, RuntimeManager } from '../../runtime-manager/index.ts';
import type { EventFilter, Runtime } from '../../runtime-manager/runtime/index.ts';
import {
  BODY_ERRORS,
  errors,
  json,
  jsonBody,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import { streamEvents } from '../http/event-stream.ts';
import { createRouter } from '../http/api-env.ts';
import {
  EventList,
  EventQuery,
  EventStreamQuery,
  LastEventId,
  toEventBody,
  WaitedEvent,
  WaitForEventRequest,
} from '../schemas/event.ts';
import { RuntimePath } from '../schemas/runtime.ts';

const common = { tags: ['Events'] };
const PATH = '/v1/workspaces/{id}/runtimes/{alias}/events';

const STREAM_BATCH = 100;

const list = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtime-events-list',
  method: 'get',
  path: PATH,
  summary: 'List the events of a runtime, oldest first',
  description:
    'Returns up to `limit` events. To get the next page, repeat the request with `nextCursor` as `after`.',
  request: { params: RuntimePath, query: EventQuery },
  responses: { 200: json(EventList, 'The events'), ...errors(...RUNTIME_NOT_FOUND) },
});

const wait = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtime-events-wait',
  method: 'post',
  path: `${PATH}/wait`,
  summary: 'Wait for an event of a runtime',
  description:
    'Returns the first event that matches, as soon as there is one, or null after `timeoutMs`. The service observes pages and their consoles only while a client waits for their events, and for half a minute afterwards.',
  request: { params: RuntimePath, ...jsonBody(WaitForEventRequest) },
  responses: {
    200: json(WaitedEvent, 'The event'),
    ...errors(...BODY_ERRORS, ...RUNTIME_NOT_FOUND),
  },
});

const stream = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtime-events-stream',
  method: 'get',
  path: `${PATH}/stream`,
  summary: 'Stream the events of a runtime',
  description:
    'Returns Server-Sent Events: `event` is the type, `data` is the event as JSON, and `id` is its id. A client that reconnects with `Last-Event-ID` misses nothing.',
  request: { params: RuntimePath, query: EventStreamQuery, headers: LastEventId },
  responses: {
    200: { description: 'The events', content: { 'text/event-stream': {} } },
    ...errors(...RUNTIME_NOT_FOUND),
  },
});

const streamAll = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'events-stream',
  method: 'get',
  path: '/v1/events/stream',
  summary: 'Stream the events of all runtimes of the organization',
  description:
    'Returns Server-Sent Events in the same form as the stream of one runtime, in the order of their ids. A key that is limited to workspaces gets only the events of runtimes in those workspaces. A client that reconnects with `Last-Event-ID` misses nothing, not even events that were committed late. This stream does not make the service observe pages: it contains their events only while a client waits for them at their runtime.',
  request: { query: EventStreamQuery, headers: LastEventId },
  responses: {
    200: { description: 'The events', content: { 'text/event-stream': {} } },
    ...errors(),
  },
});

export function eventRoutes({ runtimes }: { runtimes: RuntimeManager }) {
  return createRouter()
    .openapi(list, async (c) => {
      const { id, alias } = c.req.valid('param');
      const { after, limit } = c.req.valid('query');
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const events = await runtimes.events.list(runtime, { after }, limit);
      const nextCursor = events.length === limit ? events.at(-1)?.id : undefined;
      return c.json({ events: events.map(toEventBody), nextCursor }, 200);
    })
    .openapi(wait, async (c) => {
      const { id, alias } = c.req.valid('param');
      const { after, contextId, pageId, eventTypes: types, timeoutMs } = c.req.valid('json');
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const until = [AbortSignal.timeout(timeoutMs), c.req.raw.signal];
      const filter = { after, types, contextId, pageId };
      for await (const [event] of runtimes.events.watch(runtime, filter, 1, until)) {
        if (event) return c.json({ event: toEventBody(event) }, 200);
      }
      return c.json({ event: null }, 200);
    })
    .openapi(stream, async (c) => {
      const { id, alias } = c.req.valid('param');
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const given = filterOf(c.req.valid('query'), c.req.valid('header'));
      const filter = { ...given, after: given.after ?? (await runtimes.events.lastId(runtime)) };
      return streamEvents(c, (gone) => pagesOf(runtimes.events, runtime, filter, gone));
    })
    .openapi(streamAll, async (c) => {
      const filter = filterOf(c.req.valid('query'), c.req.valid('header'));
      return streamEvents(c, (gone) =>
        runtimes.organizationEvents.watch(c.var.actor, filter, [gone]),
      );
    });
}

/** Prefers the header, in which a client that reconnects says where it was. */
function filterOf(
  { after, eventTypes: types }: z.output<typeof EventStreamQuery>,
  { 'last-event-id': last }: z.output<typeof LastEventId>,
) {
  return { after: last ?? after, types };
}

async function* pagesOf(
  events: RuntimeManager['events'],
  runtime: Runtime,
  filter: EventFilter,
  gone: AbortSignal,
): AsyncGenerator<EventPage, void> {
  yield { events: [], position: filter.after };
  for await (const batch of events.watch(runtime, filter, STREAM_BATCH, [gone])) {
    yield { events: batch, position: batch.at(-1)?.id ?? filter.after };
  }
}
