import { z } from 'zod';
import type { PageEventType } from '../../runtime/events.ts';

/** Longer texts of a page are cut. */
const TEXT_MAX = 4000;

/** https://chromedevtools.github.io/devtools-protocol/tot/Runtime/#type-RemoteObject */
const RemoteObject = z.object({
  type: z.string(),
  value: z.unknown().optional(),
  unserializableValue: z.string().optional(),
  description: z.string().optional(),
});

const Lifecycle = z.object({ frameId: z.string(), name: z.string() });
const ConsoleCall = z.object({ type: z.string(), args: z.array(RemoteObject) });
const Thrown = z.object({
  exceptionDetails: z.object({
    text: z.string(),
    url: z.string().optional(),
    lineNumber: z.number(),
    exception: RemoteObject.optional(),
  }),
});

const Logged = z.object({
  entry: z.object({
    source: z.string(),
    level: z.string(),
    text: z.string(),
    url: z.string().optional(),
  }),
});

/** What happened in a page. */
export interface PageEvent {
  type: PageEventType;
  data: Record<string, unknown>;
}

/** The events of a debugging session with a page that page events are made from. */
export const PAGE_EVENT_SOURCES = [
  // Rather than `Page.loadEventFired`, which a page that loads faster than we attach never sends.
  'Page.lifecycleEvent',
  'Runtime.consoleAPICalled',
  'Runtime.exceptionThrown',
  // What failed to load, in words and with its address.
  'Log.entryAdded',
] as const;

/**
 * What a page says over its debugging session, as an event; undefined when it is nothing to be told, or
 * nothing that Chromium says: the process of a page writes it.
 */
export function toPageEvent(
  source: (typeof PAGE_EVENT_SOURCES)[number],
  told: unknown,
  mainFrameId: string,
): PageEvent | undefined {
  switch (source) {
    case 'Page.lifecycleEvent': {
      const { frameId, name } = Lifecycle.safeParse(told).data ?? {};
      const isLoad = name === 'load' && frameId === mainFrameId;
      return isLoad ? { type: 'page.loaded', data: {} } : undefined;
    }
    case 'Runtime.consoleAPICalled': {
      const call = ConsoleCall.safeParse(told).data;
      return call && { type: 'console.message', data: messageOf(call) };
    }
    case 'Runtime.exceptionThrown': {
      const thrown = Thrown.safeParse(told).data;
      return thrown && { type: 'page.error', data: errorOf(thrown) };
    }
    case 'Log.entryAdded': {
      const logged = Logged.safeParse(told).data;
      return logged && failedRequest(logged);
    }
  }
}

function failedRequest({ entry }: z.infer<typeof Logged>): PageEvent | undefined {
  const { source, level, text, url } = entry;
  if (source !== 'network' || level !== 'error') return undefined;
  const data = { message: cut(text), url: url === undefined ? null : cut(url) };
  return { type: 'page.request_failed', data };
}

function messageOf({ type, args }: z.infer<typeof ConsoleCall>) {
  return { level: type, text: cut(args.map(show).join(' ')) };
}

function errorOf({ exceptionDetails }: z.infer<typeof Thrown>) {
  const { text, url, lineNumber, exception } = exceptionDetails;
  return {
    message: cut(exception ? show(exception) : text),
    url: url === undefined ? null : cut(url),
    line: lineNumber + 1,
  };
}

function show({ type, value, unserializableValue, description }: z.infer<typeof RemoteObject>) {
  if (typeof value === 'string') return value;
  return unserializableValue ?? description ?? (value === undefined ? type : JSON.stringify(value));
}

/** A text of a page as it can be kept: not too long, and without what Postgres does not take. */
export function cut(text: string, maxLength = TEXT_MAX): string {
  return text.slice(0, maxLength).toWellFormed().replaceAll('\0', '\u{fffd}');
}
