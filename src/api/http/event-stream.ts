import type { Context } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import type { EventPage } from '../../runtime-manager/index.ts';
import { toEventBody } from '../schemas/event.ts';
import type { ApiEnv } from './api-env.ts';

/** Proxies cut a connection that is silent for a minute. */
const HEARTBEAT_MS = 15_000;

/**
 * Answers with events as they happen, until the client has gone or the service ends:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function streamEvents(
  c: Context<ApiEnv>,
  open: (gone: AbortSignal) => AsyncGenerator<EventPage, void>,
): Promise<Response> {
  // Hono answers HEAD as GET, and would never learn that nobody reads the stream.
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
  const gone = new AbortController();
  const pages = open(gone.signal);
  // A failure before the first page gets an ordinary error answer.
  const first = await pages.next();
  const { log } = c.var;
  c.header('x-accel-buffering', 'no');
  const follow = async (sse: SSEStreamingApi) => {
    sse.onAbort(() => gone.abort());
    const beat = setInterval(() => void sse.write(': \n\n'), HEARTBEAT_MS);
    try {
      if (!first.done) await writePage(sse, first.value);
      for await (const page of pages) await writePage(sse, page);
    } finally {
      clearInterval(beat);
    }
  };
  return streamSSE(c, follow, async (err) => log.warn({ err }, 'a stream of events broke off'));
}

async function writePage(sse: SSEStreamingApi, { events, position }: EventPage): Promise<void> {
  for (const event of events) {
    const data = JSON.stringify(toEventBody(event));
    await sse.writeSSE({ id: event.id, event: event.type, data });
  }
  // Tells the client where to resume, even if it got no event yet.
  if (position !== events.at(-1)?.id) await sse.write(`id: ${position}\n\n`);
}
