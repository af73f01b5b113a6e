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

/** What a page said over its debugging session, as an event; undefined for all else. */
export function toPageEvent(
  method: string,
  params: unknown,
  mainFrameId: string,
): { type: PageEventType; data: Record<string, unknown> } | undefined {
  if (method === 'Page.lifecycleEvent') {
    // Rather than `Page.loadEventFired`, which a page that loads faster than we attach never sends.
    const { frameId, name } = Lifecycle.safeParse(params).data ?? {};
    const isLoad = name === 'load' && frameId === mainFrameId;
    return isLoad ? { type: 'page.loaded', data: {} } : undefined;
  }
  if (method === 'Runtime.consoleAPICalled') {
    const call = ConsoleCall.safeParse(params).data;
    return call && { type: 'console.message', data: messageOf(call) };
  }
  if (method === 'Runtime.exceptionThrown') {
    const thrown = Thrown.safeParse(params).data;
    return thrown && { type: 'page.error', data: errorOf(thrown) };
  }
  return undefined;
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
export function cut(text: string): string {
  return text.slice(0, TEXT_MAX).toWellFormed().replaceAll('\0', '\u{fffd}');
}
