import { createRoute } from '@hono/zod-openapi';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import type { RuntimeManager } from '../../runtime-manager/index.ts';
import type { EventFilter, Runtime } from '../../runtime-manager/runtime/index.ts';
import {
  BODY_ERRORS,
  errors,
  json,
  jsonBody,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import { createRouter } from '../http/router.ts';
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

/** Proxies cut what is silent for a minute. */
const HEARTBEAT_MS = 15_000;
const STREAM_BATCH = 100;

const list = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtime-events-list',
  method: 'get',
  path: PATH,
  summary: 'List what happened to a runtime, oldest first',
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
    'Answers with the first event that matches, as soon as there is one. Events of pages and their consoles are observed while somebody waits for them, and half a minute longer.',
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
  summary: 'Follow the events of a runtime',
  description:
    'Server-Sent Events: `event` is the type, `data` the event as JSON, `id` its id. A client that connects again with `Last-Event-ID` misses nothing.',
  request: { params: RuntimePath, query: EventStreamQuery, headers: LastEventId },
  responses: {
    200: { description: 'The events', content: { 'text/event-stream': {} } },
    ...errors(...RUNTIME_NOT_FOUND),
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
      const { eventTypes: types, ...query } = c.req.valid('query');
      const after = c.req.valid('header')['last-event-id'] ?? query.after;
      const runtime = await runtimes.get(c.var.actor, id, alias);
      const { log } = c.var;
      // Hono answers HEAD as GET, and would never hear that nobody reads on.
      if (c.req.method === 'HEAD')
        return c.body(null, 200, { 'content-type': 'text/event-stream' });
      const from = after ?? (await runtimes.events.lastId(runtime));
      c.header('x-accel-buffering', 'no');
      const filter = { after: from, types };
      const follow = (sse: SSEStreamingApi) => send(sse, runtimes, runtime, filter);
      return streamSSE(c, follow, async (err) => log.warn({ err }, 'a stream of events broke off'));
    });
}

/** Writes events as they happen, until the client has gone or the service ends. */
async function send(
  sse: SSEStreamingApi,
  runtimes: RuntimeManager,
  runtime: Runtime,
  filter: EventFilter,
): Promise<void> {
  const gone = new AbortController();
  sse.onAbort(() => gone.abort());
  const beat = setInterval(() => void sse.write(': \n\n'), HEARTBEAT_MS);
  try {
    // So that also a client that had no event yet knows from where to go on.
    await sse.write(`id: ${filter.after}\n\n`);
    for await (const batch of runtimes.events.watch(runtime, filter, STREAM_BATCH, [gone.signal])) {
      for (const event of batch) {
        const data = JSON.stringify(toEventBody(event));
        await sse.writeSSE({ id: event.id, event: event.type, data });
      }
    }
  } finally {
    clearInterval(beat);
  }
}
